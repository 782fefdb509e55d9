#pragma once

#include <string_view>
#include <vector>

#include "config/config_fault.hpp"
#include "config/settings.hpp"

namespace cafmq {

/// What is wrong with the values: outside the limits of their fields, malformed addresses, or
/// values that contradict one another. `path` names the key of each; `where` is left empty.
/// Sections that are not present are not looked at.
std::vector<config_fault> check(const settings& values);

/// The same for a node that a program configures itself.
std::vector<config_fault> check(const node_config& node);

bool is_ipv4(std::string_view text);

/// 127.x.y.z, ::1 or localhost.
bool is_loopback(std::string_view address);

/// `host:port` with a host name or IPv4 address and a port from 1 to 65535.
bool is_address(std::string_view text);

} // namespace cafmq
