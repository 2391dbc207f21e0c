internal import Platform
package import Primitives

extension Moment {
    /// Now, by the machine's clocks: what the shell hands to the core.
    package static var current: Moment {
        Moment(uptime: SystemClock.uptime, unixMilliseconds: SystemClock.unixMilliseconds)
    }
}
