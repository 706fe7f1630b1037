#ifndef CPEERS_ONEDNN_H
#define CPEERS_ONEDNN_H

// The part of oneDNN's C API, version 3, that the lab calls, as types of function pointers: the library is loaded at run
// time, and its headers are not needed to build. Names are those of the API with `onednn` in place of `dnnl`, values are
// those of its ABI, which a major version keeps.
//
// Source: oneDNN Developer Guide and Reference, "C API" (dnnl.h, dnnl_types.h, dnnl_debug.h).

#include <stddef.h>
#include <stdint.h>

/// What functions return.
typedef enum {
  ONEDNN_SUCCESS = 0,
  ONEDNN_OUT_OF_MEMORY = 1,
  ONEDNN_INVALID_ARGUMENTS = 2,
  ONEDNN_UNIMPLEMENTED = 3,
} onednn_status;

/// What an engine computes on.
typedef enum { ONEDNN_CPU = 1 } onednn_engine_kind;

/// How a stream orders its primitives.
typedef enum { ONEDNN_STREAM_IN_ORDER = 1 } onednn_stream_flags;

/// Element types.
typedef enum { ONEDNN_F32 = 3 } onednn_data_type;

/// Named layouts. The numbers of all others differ between minor versions; strides say the same.
typedef enum { ONEDNN_FORMAT_ANY = 1 } onednn_format_tag;

/// What a primitive is for.
typedef enum { ONEDNN_FORWARD_INFERENCE = 0x60 } onednn_prop_kind;

/// Algorithms of convolutions, and elementwise functions.
typedef enum {
  ONEDNN_CONVOLUTION_DIRECT = 0x01,
  ONEDNN_ELTWISE_RELU = 0x20,
  ONEDNN_ELTWISE_TANH = 0x21,
  ONEDNN_ELTWISE_LOGISTIC = 0x29,
  ONEDNN_ELTWISE_SWISH = 0x2c,
  ONEDNN_ELTWISE_CLIP = 0x2e,
  ONEDNN_ELTWISE_GELU_ERF = 0x31,
} onednn_alg_kind;

/// Who provides a primitive's scratch memory.
typedef enum { ONEDNN_SCRATCHPAD_USER = 1 } onednn_scratchpad_mode;

/// Which roundings a primitive may add to be faster.
typedef enum { ONEDNN_FPMATH_STRICT = 0 } onednn_fpmath_mode;

/// What a primitive descriptor can be asked for.
typedef enum {
  ONEDNN_QUERY_IMPL_INFO_STR = 8,
  ONEDNN_QUERY_SRC_MD = 129,
  ONEDNN_QUERY_WEIGHTS_MD = 131,
  ONEDNN_QUERY_DST_MD = 133,
  ONEDNN_QUERY_SCRATCHPAD_MD = 136,
} onednn_query;

/// Arguments of primitives. A reorder's `from` and `to` are SRC and DST.
enum {
  ONEDNN_ARG_SRC = 1,
  ONEDNN_ARG_DST = 17,
  ONEDNN_ARG_WEIGHTS = 33,
  ONEDNN_ARG_BIAS = 41,
  ONEDNN_ARG_SCRATCHPAD = 80,
};

/// What runs the primitives' threads.
enum {
  ONEDNN_RUNTIME_SEQ = 1,
  ONEDNN_RUNTIME_OMP = 2,
};

struct onednn_handle;
typedef struct onednn_engine *onednn_engine_t;
typedef struct onednn_stream *onednn_stream_t;
typedef struct onednn_memory *onednn_memory_t;
typedef struct onednn_memory_desc *onednn_memory_desc_t;
typedef struct onednn_primitive *onednn_primitive_t;
typedef struct onednn_primitive_attr *onednn_primitive_attr_t;
typedef struct onednn_primitive_desc *onednn_primitive_desc_t;
typedef struct onednn_post_ops *onednn_post_ops_t;

/// Dimensions and strides, in elements.
typedef const int64_t *onednn_dims_t;

typedef struct {
  int major, minor, patch;
  const char *hash;
  unsigned cpu_runtime, gpu_runtime;
} onednn_version_info;

typedef struct {
  int arg;
  onednn_memory_t memory;
} onednn_exec_arg;

typedef const onednn_version_info *(*onednn_version_fn)(void);
/// The combination of bits that name an instruction set.
typedef int (*onednn_get_effective_cpu_isa_fn)(void);
typedef const char *(*onednn_cpu_isa2str_fn)(int isa);
typedef const char *(*onednn_status2str_fn)(onednn_status status);

typedef onednn_status (*onednn_engine_create_fn)(onednn_engine_t *engine, onednn_engine_kind kind, size_t index);
typedef onednn_status (*onednn_stream_create_fn)(onednn_stream_t *stream, onednn_engine_t engine, unsigned flags);
typedef onednn_status (*onednn_stream_wait_fn)(onednn_stream_t stream);

typedef onednn_status (*onednn_memory_desc_create_with_strides_fn)(
    onednn_memory_desc_t *desc, int ndims, onednn_dims_t dims, onednn_data_type type, onednn_dims_t strides);
typedef onednn_status (*onednn_memory_desc_create_with_tag_fn)(
    onednn_memory_desc_t *desc, int ndims, onednn_dims_t dims, onednn_data_type type, onednn_format_tag tag);
typedef int (*onednn_memory_desc_equal_fn)(onednn_memory_desc_t a, onednn_memory_desc_t b);
typedef size_t (*onednn_memory_desc_get_size_fn)(onednn_memory_desc_t desc);
typedef onednn_status (*onednn_memory_create_fn)(
    onednn_memory_t *memory, onednn_memory_desc_t desc, onednn_engine_t engine, void *handle);

typedef onednn_status (*onednn_primitive_attr_create_fn)(onednn_primitive_attr_t *attr);
typedef onednn_status (*onednn_primitive_attr_set_scratchpad_mode_fn)(
    onednn_primitive_attr_t attr, onednn_scratchpad_mode mode);
typedef onednn_status (*onednn_primitive_attr_set_fpmath_mode_fn)(
    onednn_primitive_attr_t attr, onednn_fpmath_mode mode);
typedef onednn_status (*onednn_primitive_attr_set_post_ops_fn)(
    onednn_primitive_attr_t attr, onednn_post_ops_t post_ops);
typedef onednn_status (*onednn_post_ops_create_fn)(onednn_post_ops_t *post_ops);
typedef onednn_status (*onednn_post_ops_append_eltwise_fn)(
    onednn_post_ops_t post_ops, onednn_alg_kind kind, float alpha, float beta);

typedef onednn_status (*onednn_convolution_forward_primitive_desc_create_fn)(
    onednn_primitive_desc_t *desc, onednn_engine_t engine, onednn_prop_kind prop, onednn_alg_kind algorithm,
    onednn_memory_desc_t src, onednn_memory_desc_t weights, onednn_memory_desc_t bias, onednn_memory_desc_t dst,
    onednn_dims_t strides, onednn_dims_t dilates, onednn_dims_t padding_l, onednn_dims_t padding_r,
    onednn_primitive_attr_t attr);
typedef onednn_status (*onednn_inner_product_forward_primitive_desc_create_fn)(
    onednn_primitive_desc_t *desc, onednn_engine_t engine, onednn_prop_kind prop, onednn_memory_desc_t src,
    onednn_memory_desc_t weights, onednn_memory_desc_t bias, onednn_memory_desc_t dst, onednn_primitive_attr_t attr);
typedef onednn_status (*onednn_reorder_primitive_desc_create_fn)(
    onednn_primitive_desc_t *desc, onednn_memory_desc_t src, onednn_engine_t src_engine, onednn_memory_desc_t dst,
    onednn_engine_t dst_engine, onednn_primitive_attr_t attr);
typedef onednn_status (*onednn_primitive_desc_query_fn)(
    onednn_primitive_desc_t desc, onednn_query what, int index, void *result);
typedef onednn_memory_desc_t (*onednn_primitive_desc_query_md_fn)(
    onednn_primitive_desc_t desc, onednn_query what, int index);
typedef onednn_status (*onednn_primitive_create_fn)(onednn_primitive_t *primitive, onednn_primitive_desc_t desc);
typedef onednn_status (*onednn_primitive_execute_fn)(
    onednn_primitive_t primitive, onednn_stream_t stream, int count, const onednn_exec_arg *args);

/// dnnl_engine_destroy, dnnl_stream_destroy and their like: all take the one handle.
typedef onednn_status (*onednn_destroy_fn)(struct onednn_handle *handle);

/// OpenMP's own: the number of threads of the parallel regions that the calling thread starts.
typedef void (*omp_set_num_threads_fn)(int threads);

#endif
