#include "messages/codec/message_id.hpp"

#include <array>
#include <charconv>

#include "messages/codec/big_endian.hpp"

namespace cafmq {

namespace {

constexpr char hex_digits[] = "0123456789ABCDEF";

void write_hex(char* out, std::uint64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    out[i] = hex_digits[value & 0xF];
    value >>= 4;
  }
}

void append_hex(std::string& out, std::uint64_t value, int digits) {
  auto at = out.size();
  out.resize(at + static_cast<std::size_t>(digits));
  write_hex(out.data() + at, value, digits);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

} // namespace

std::string offset_message_id(const record_host& store_host, log_position position) {
  std::string id;
  for (auto byte : store_host.address)
    append_hex(id, byte, 2);
  append_hex(id, static_cast<std::uint32_t>(store_host.port), 8);
  append_hex(id, static_cast<std::uint64_t>(position.value), 16);
  return id;
}

std::string offset_message_id(std::uint32_t store_address, std::int32_t store_port,
                              log_position position) {
  std::array<std::uint8_t, 4> address;
  store_big_endian(address.data(), store_address);
  return offset_message_id(record_host{address, store_port}, position);
}

caf::expected<message_location> parse_offset_message_id(std::string_view id) {
  auto refused = [&] {
    return make_error(errc::invalid_parameter,
                      "'" + std::string{id}
                        + "' is no offset message id: it has 32 hex digits, or 56 with IPv6");
  };
  if (id.size() != 32 && id.size() != 56) return refused();
  std::array<std::uint8_t, 28> bytes{};
  for (std::size_t i = 0; i < id.size(); i += 2) {
    auto high = hex_value(id[i]), low = hex_value(id[i + 1]);
    if (high < 0 || low < 0) return refused();
    bytes[i / 2] = static_cast<std::uint8_t>(high * 16 + low);
  }
  auto address_bytes = id.size() / 2 - 12;
  message_location location;
  location.host = address_text(std::span{bytes}.first(address_bytes));
  location.port = load_big_endian<std::int32_t>(bytes.data() + address_bytes);
  location.position = {load_big_endian<std::int64_t>(bytes.data() + address_bytes + 4)};
  return location;
}

std::string address_text(std::span<const std::uint8_t> address) {
  std::string text;
  if (address.size() == 4) {
    for (auto byte : address)
      text += (text.empty() ? "" : ".") + std::to_string(byte);
    return text;
  }
  for (std::size_t i = 0; i + 1 < address.size(); i += 2) {
    if (i > 0) text += ':';
    char group[4];
    auto end = std::to_chars(group, group + 4, address[i] * 256 + address[i + 1], 16).ptr;
    text.append(group, end);
  }
  return text;
}

bool parse_ipv4(std::string_view text, std::uint32_t& address) {
  address = 0;
  for (int part = 0; part < 4; ++part) {
    unsigned value = 256;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || value > 255) return false;
    address = address << 8 | value;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (part < 3) {
      if (text.empty() || text.front() != '.') return false;
      text.remove_prefix(1);
    }
  }
  return text.empty();
}

unique_key_source::unique_key_source(std::uint32_t address, std::uint32_t process_id,
                                     std::uint32_t instance, wall_time_ms month_start)
    : month_start_(month_start) {
  append_hex(prefix_, address, 8);
  append_hex(prefix_, process_id & 0xFFFF, 4);
  append_hex(prefix_, instance, 8);
}

void unique_key_source::write_next(wall_time_ms now, std::span<char, unique_key_length> out) {
  prefix_.copy(out.data(), prefix_.size());
  write_hex(out.data() + 20, static_cast<std::uint32_t>(now - month_start_), 8);
  write_hex(out.data() + 28, counter_++, 4);
}

std::string unique_key_source::next(wall_time_ms now) {
  std::string key(unique_key_length, '0');
  write_next(now, std::span<char, unique_key_length>{key.data(), unique_key_length});
  return key;
}

} // namespace cafmq
