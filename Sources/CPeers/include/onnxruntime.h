#ifndef CPEERS_ONNXRUNTIME_H
#define CPEERS_ONNXRUNTIME_H

// The part of ONNX Runtime's C API that the lab calls: the library is loaded at run time, and its headers are not needed
// to build. The API is a table of functions that newer versions only append to, so a position means the same function in
// every version. The table here is the beginning of it; functions that are not called are gaps of so many slots.
//
// Source: ONNX Runtime C API reference (struct OrtApi).

#include <stddef.h>
#include <stdint.h>

typedef struct ort_env ort_env;
typedef struct ort_status ort_status;
typedef struct ort_memory_info ort_memory_info;
typedef struct ort_session ort_session;
typedef struct ort_session_options ort_session_options;
typedef struct ort_value ort_value;
typedef struct ort_io_binding ort_io_binding;

/// The least severe message that is logged.
typedef enum { ORT_LOG_FATAL = 4 } ort_logging_level;

/// How much of a graph's optimisations are made.
typedef enum {
  ORT_OPTIMISE_EXTENDED = 2,
  ORT_OPTIMISE_ALL = 99,
} ort_graph_optimisation_level;

/// Whether a graph's nodes are executed one after the other.
typedef enum { ORT_EXECUTION_SEQUENTIAL = 0 } ort_execution_mode;

/// Element types.
typedef enum { ORT_ELEMENT_FLOAT = 1 } ort_element_type;

/// Who owns a tensor's memory.
typedef enum { ORT_ALLOCATOR_DEVICE = 0 } ort_allocator_type;
typedef enum { ORT_MEMORY_DEFAULT = 0 } ort_memory_type;

#define ORT_GAP(first, last) void (*unused_##first[(last) - (first) + 1])(void)

/// The table's beginning. All functions that return a status return NULL when they succeed.
typedef struct {
  ORT_GAP(0, 1);
  /* 2 */ const char *(*GetErrorMessage)(const ort_status *status);
  /* 3 */ ort_status *(*CreateEnv)(ort_logging_level level, const char *log_id, ort_env **out);
  ORT_GAP(4, 5);
  /* 6 */ ort_status *(*DisableTelemetryEvents)(const ort_env *env);
  ORT_GAP(7, 7);
  /* 8 */ ort_status *(*CreateSessionFromArray)(
      const ort_env *env, const void *model, size_t bytes, const ort_session_options *options, ort_session **out);
  ORT_GAP(9, 9);
  /* 10 */ ort_status *(*CreateSessionOptions)(ort_session_options **out);
  ORT_GAP(11, 12);
  /* 13 */ ort_status *(*SetSessionExecutionMode)(ort_session_options *options, ort_execution_mode mode);
  ORT_GAP(14, 22);
  /* 23 */ ort_status *(*SetSessionGraphOptimizationLevel)(
      ort_session_options *options, ort_graph_optimisation_level level);
  /* 24 */ ort_status *(*SetIntraOpNumThreads)(ort_session_options *options, int threads);
  /* 25 */ ort_status *(*SetInterOpNumThreads)(ort_session_options *options, int threads);
  ORT_GAP(26, 48);
  /* 49 */ ort_status *(*CreateTensorWithDataAsOrtValue)(
      const ort_memory_info *info, void *data, size_t bytes, const int64_t *shape, size_t dimensions,
      ort_element_type type, ort_value **out);
  ORT_GAP(50, 68);
  /* 69 */ ort_status *(*CreateCpuMemoryInfo)(
      ort_allocator_type allocator, ort_memory_type type, ort_memory_info **out);
  ORT_GAP(70, 91);
  /* 92 */ void (*ReleaseEnv)(ort_env *env);
  /* 93 */ void (*ReleaseStatus)(ort_status *status);
  /* 94 */ void (*ReleaseMemoryInfo)(ort_memory_info *info);
  /* 95 */ void (*ReleaseSession)(ort_session *session);
  /* 96 */ void (*ReleaseValue)(ort_value *value);
  ORT_GAP(97, 99);
  /* 100 */ void (*ReleaseSessionOptions)(ort_session_options *options);
  ORT_GAP(101, 129);
  /* 130 */ ort_status *(*AddSessionConfigEntry)(ort_session_options *options, const char *key, const char *value);
  ORT_GAP(131, 132);
  /* 133 */ ort_status *(*RunWithBinding)(
      ort_session *session, const void *run_options, const ort_io_binding *binding);
  /* 134 */ ort_status *(*CreateIoBinding)(ort_session *session, ort_io_binding **out);
  /* 135 */ void (*ReleaseIoBinding)(ort_io_binding *binding);
  /* 136 */ ort_status *(*BindInput)(ort_io_binding *binding, const char *name, const ort_value *value);
  /* 137 */ ort_status *(*BindOutput)(ort_io_binding *binding, const char *name, const ort_value *value);
} ort_api;

#undef ORT_GAP

_Static_assert(offsetof(ort_api, ReleaseSessionOptions) == 100 * sizeof(void *), "a gap has the wrong length");
_Static_assert(offsetof(ort_api, BindOutput) == 137 * sizeof(void *), "a gap has the wrong length");

/// What the library's only exported function returns.
typedef struct {
  /// NULL if the library is older than `version`.
  const ort_api *(*GetApi)(uint32_t version);
  const char *(*GetVersionString)(void);
} ort_api_base;

typedef const ort_api_base *(*ort_get_api_base_fn)(void);

#endif
