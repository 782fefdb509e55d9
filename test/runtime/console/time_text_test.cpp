#include <doctest/doctest.h>

#include "runtime/console/time_text.hpp"

using namespace cafmq;

TEST_CASE("parse_time: milliseconds and ISO 8601 with a zone") {
  CHECK(parse_time("1700000000123") == 1'700'000'000'123);
  CHECK(parse_time("0") == 0);
  CHECK(parse_time("2023-11-14T22:13:20Z") == 1'700'000'000'000);
  CHECK(parse_time("2023-11-14T22:13:20.123Z") == 1'700'000'000'123);
  CHECK(parse_time("2023-11-14 23:13:20+01:00") == 1'700'000'000'000);
  CHECK(parse_time("2023-11-14T16:43:20-0530") == 1'700'000'000'000);
  CHECK(parse_time("2023-11-14T22:13Z") == 1'699'999'980'000);
}

TEST_CASE("parse_time: local time, written in two ways, is one time") {
  CHECK(parse_time("20231114221320").has_value());
  CHECK(parse_time("20231114221320") == parse_time("2023-11-14T22:13:20"));
  CHECK(parse_time("20231114000000") == parse_time("2023-11-14"));
}

TEST_CASE("parse_time: everything else is refused") {
  for (auto bad : {"", "now", "-5", "2023-13-01", "2023-02-30", "2023-11-14T", "2023-11-14Z",
                   "2023-11-14T25:00", "2023-11-14T10:00:00.1", "2023-11-14T10:00:00 ",
                   "20231314221320", "2023-11-14T10:00+1", "99999999999999999999"})
    CHECK_FALSE(parse_time(bad).has_value());
}
