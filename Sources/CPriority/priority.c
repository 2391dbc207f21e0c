// libdispatch gives each of its threads a nice value when it starts, by the quality of service of its queue: the one that waits for timers
// and signals asks for -4, others for 0 or more. Who is not root may not ask for less than the thread has, and a new thread has what the
// thread had that made it: so nearly every thread of an ordinary user or a service fails, writes "Failed to set thread priority for worker
// thread" to the system's log, and those that succeed make the later ones slower and slower.
//
// The threads of this program run at the priority that the process was given (nice(1), Nice= of systemd) and yield where they compute for
// long. This definition comes before the C library's for every part of the program.

#include <sys/resource.h>

#ifdef __GLIBC__
int setpriority(__priority_which_t which, id_t who, int priority) {
#else
int setpriority(int which, id_t who, int priority) {
#endif
    (void)which;
    (void)who;
    (void)priority;
    return 0;
}
