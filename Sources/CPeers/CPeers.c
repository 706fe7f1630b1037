// CPeers is header-only; a C target needs one translation unit all the same.
#include "CPeers.h"
