#ifndef AFFINITY_H
#define AFFINITY_H
#endif
