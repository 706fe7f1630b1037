#ifndef CPU_FEATURES_H
#define CPU_FEATURES_H
#endif
