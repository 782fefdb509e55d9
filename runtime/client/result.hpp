#pragma once

#include <string>
#include <utility>
#include <variant>

#include "messages/errc.hpp"

namespace cafmq {

/// Why something did not work: a code for programs, a sentence for people.
struct failure {
  errc code = errc::none;
  std::string sentence;
};

/// A value, or why there is none.
template <class T>
class [[nodiscard]] result {
public:
  result(T value) : content_(std::move(value)) {}
  result(failure why) : content_(std::move(why)) {}

  explicit operator bool() const { return content_.index() == 0; }
  bool has_value() const { return content_.index() == 0; }
  /// Pre: it holds a value; throws std::bad_variant_access otherwise.
  T& value() & { return std::get<0>(content_); }
  const T& value() const& { return std::get<0>(content_); }
  T&& value() && { return std::get<0>(std::move(content_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  /// By value, so that `for (auto& x : *call())` holds what it walks through.
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// errc::none when there is a value.
  errc code() const { return has_value() ? errc::none : std::get<1>(content_).code; }
  /// Empty when there is a value.
  std::string sentence() const {
    return has_value() ? std::string{} : std::get<1>(content_).sentence;
  }
  /// Pre: it holds no value.
  const failure& error() const { return std::get<1>(content_); }

private:
  std::variant<T, failure> content_;
};

/// Success without a value.
struct done {};

} // namespace cafmq
