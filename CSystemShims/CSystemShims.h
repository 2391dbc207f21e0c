// The umbrella module of the target; import CUV, CSecp256k1, CLMDB, CYAML or CZlib instead.
#ifndef PODORU_CSYSTEMSHIMS_H
#define PODORU_CSYSTEMSHIMS_H
#endif
