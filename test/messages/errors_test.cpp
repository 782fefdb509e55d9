#include <doctest/doctest.h>

#include "messages/errors.hpp"

using namespace cafmq;

TEST_CASE("errors: an error keeps its code and its sentence") {
  auto plain = make_error(errc::no_permission);
  CHECK(code_of(plain) == errc::no_permission);
  CHECK(sentence(plain) == describe(errc::no_permission));
  auto told = make_error(errc::topic_not_exist, "topic orders does not exist; create it first");
  CHECK(code_of(told) == errc::topic_not_exist);
  CHECK(sentence(told) == "topic orders does not exist; create it first");
}

TEST_CASE("errors: every code has a description of its own") {
  for (int code = 0; code <= 24; ++code)
    CHECK(std::string{describe(static_cast<errc>(code))} != "an unknown error code");
  CHECK(std::string{describe(static_cast<errc>(250))} == "an unknown error code");
}
