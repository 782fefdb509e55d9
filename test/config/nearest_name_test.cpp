#include <doctest/doctest.h>

#include "config/nearest_name.hpp"

using namespace cafmq;

TEST_CASE("edit_distance: counts inserts, deletes, replacements and swaps, blind to case") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("listenPort", "listenport") == 0);
  CHECK(edit_distance("brokerNmae", "brokerName") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("nearest_name: finds what was meant and stays silent when nothing is near") {
  const std::vector<std::string> names{"brokerName", "brokerId", "listenPort"};
  CHECK(nearest_name("brokrName", names) == "brokerName");
  CHECK(nearest_name("listen", names) == "listenPort");
  CHECK(nearest_name("zookeeper", names).empty());
  CHECK(nearest_name("x", {}).empty());
}
