#pragma once

#include <utility>

// Includes nothing of CAF, so that messages may stand in the headers of programs that do not know
// it; whoever serializes one has CAF's headers anyway.
namespace caf::meta {
struct type_name_t;
template <class F>
struct load_callback_t;
} // namespace caf::meta

namespace cafmq::detail {

/// CAF's annotation for the name of a type; complete when a message is inspected, not before.
template <class Inspector>
struct type_label {
  using type = caf::meta::type_name_t;
};

template <class Inspector>
constexpr auto label(const char* name) {
  return typename type_label<Inspector>::type{name};
}

/// CAF's annotation for what follows the loading of a type.
template <class F>
auto after_load(F step) {
  return caf::meta::load_callback_t<F>{std::move(step)};
}

} // namespace cafmq::detail

/// `CAFMQ_INSPECT(type, field, field, ...)` makes a struct a message: it writes CAF's `inspect` for
/// up to sixteen fields, in the namespace of the type. `CAFMQ_INSPECT_EMPTY(type)` does so for a
/// struct without fields.
#define CAFMQ_PP_COUNT(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, N,   \
                       ...)                                                                        \
  N
#define CAFMQ_PP_JOIN_(a, b) a##b
#define CAFMQ_PP_JOIN(a, b) CAFMQ_PP_JOIN_(a, b)
#define CAFMQ_PP_1(a) x.a
#define CAFMQ_PP_2(a, ...) x.a, CAFMQ_PP_1(__VA_ARGS__)
#define CAFMQ_PP_3(a, ...) x.a, CAFMQ_PP_2(__VA_ARGS__)
#define CAFMQ_PP_4(a, ...) x.a, CAFMQ_PP_3(__VA_ARGS__)
#define CAFMQ_PP_5(a, ...) x.a, CAFMQ_PP_4(__VA_ARGS__)
#define CAFMQ_PP_6(a, ...) x.a, CAFMQ_PP_5(__VA_ARGS__)
#define CAFMQ_PP_7(a, ...) x.a, CAFMQ_PP_6(__VA_ARGS__)
#define CAFMQ_PP_8(a, ...) x.a, CAFMQ_PP_7(__VA_ARGS__)
#define CAFMQ_PP_9(a, ...) x.a, CAFMQ_PP_8(__VA_ARGS__)
#define CAFMQ_PP_10(a, ...) x.a, CAFMQ_PP_9(__VA_ARGS__)
#define CAFMQ_PP_11(a, ...) x.a, CAFMQ_PP_10(__VA_ARGS__)
#define CAFMQ_PP_12(a, ...) x.a, CAFMQ_PP_11(__VA_ARGS__)
#define CAFMQ_PP_13(a, ...) x.a, CAFMQ_PP_12(__VA_ARGS__)
#define CAFMQ_PP_14(a, ...) x.a, CAFMQ_PP_13(__VA_ARGS__)
#define CAFMQ_PP_15(a, ...) x.a, CAFMQ_PP_14(__VA_ARGS__)
#define CAFMQ_PP_16(a, ...) x.a, CAFMQ_PP_15(__VA_ARGS__)
#define CAFMQ_PP_FIELDS(...)                                                                       \
  CAFMQ_PP_JOIN(                                                                                   \
    CAFMQ_PP_, CAFMQ_PP_COUNT(__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)) \
  (__VA_ARGS__)
#define CAFMQ_INSPECT(type, ...)                                                                   \
  template <class Inspector>                                                                       \
  typename Inspector::result_type inspect(Inspector& f, type& x) {                                 \
    return f(cafmq::detail::label<Inspector>(#type), CAFMQ_PP_FIELDS(__VA_ARGS__));                \
  }
#define CAFMQ_INSPECT_EMPTY(type)                                                                  \
  template <class Inspector>                                                                       \
  typename Inspector::result_type inspect(Inspector& f, type&) {                                   \
    return f(cafmq::detail::label<Inspector>(#type));                                              \
  }
