#pragma once

#include <chrono>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/field_table.hpp"

namespace cafmq::detail {

template <class T>
struct is_duration : std::false_type {};
template <class Rep, class Period>
struct is_duration<std::chrono::duration<Rep, Period>> : std::true_type {};

inline constexpr std::int64_t day_ms = 24 * 60 * 60 * 1'000;
inline constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();
inline constexpr std::int64_t mib = std::int64_t{1} << 20;
inline constexpr std::int64_t tib = std::int64_t{1} << 40;

/// Where a struct of type `Owner` stands in the settings.
template <class Owner>
using place = Owner& (*)(settings&);

/// Builds the fields of one struct; a row of the table is one call.
template <class Owner>
class field_builder {
public:
  field_builder(std::vector<config_field>& table, std::string_view section, place<Owner> owner)
      : table_(table), section_(section), owner_(owner) {}

  void flag(std::string_view key, bool Owner::*member, std::string_view sentence) {
    auto& field = add(key, field_kind::boolean, sentence);
    field.get = [owner = owner_, member](const settings& from) {
      return config_value{owner(const_cast<settings&>(from)).*member};
    };
    field.set = [owner = owner_, member](settings& to, const config_value& value) {
      owner(to).*member = std::get<bool>(value);
    };
  }

  /// Numbers, counts, ports and durations; limits in the unit of the field.
  template <class T>
  void number(std::string_view key, T Owner::*member, std::string_view unit, std::int64_t min,
              std::int64_t max, std::string_view sentence) {
    auto& field = add(key, field_kind::integer, sentence);
    field.unit = unit;
    field.min = min;
    field.max = max;
    field.get = [owner = owner_, member](const settings& from) {
      const T& x = owner(const_cast<settings&>(from)).*member;
      if constexpr (is_duration<T>::value)
        return config_value{static_cast<std::int64_t>(x.count())};
      else
        return config_value{static_cast<std::int64_t>(x)};
    };
    field.set = [owner = owner_, member](settings& to, const config_value& value) {
      if constexpr (is_duration<T>::value)
        owner(to).*member = T{std::get<std::int64_t>(value)};
      else
        owner(to).*member = static_cast<T>(std::get<std::int64_t>(value));
    };
  }

  /// Bytes, which people write in MiB and programs may set finer: those are shown rounded up.
  void mebibytes(std::string_view key, std::int64_t Owner::*member, std::int64_t min,
                 std::int64_t max, std::string_view sentence) {
    auto& field = add(key, field_kind::integer, sentence);
    field.unit = "MiB";
    field.min = min;
    field.max = max;
    field.get = [owner = owner_, member](const settings& from) {
      const std::int64_t bytes = owner(const_cast<settings&>(from)).*member;
      return config_value{(bytes + mib - 1) / mib};
    };
    field.set = [owner = owner_, member](settings& to, const config_value& value) {
      owner(to).*member = std::get<std::int64_t>(value) * mib;
    };
  }

  void text(std::string_view key, std::string Owner::*member, std::string_view sentence) {
    auto& field = add(key, field_kind::text, sentence);
    field.get = [owner = owner_, member](const settings& from) {
      return config_value{owner(const_cast<settings&>(from)).*member};
    };
    field.set = [owner = owner_, member](settings& to, const config_value& value) {
      owner(to).*member = std::get<std::string>(value);
    };
  }

  void text_of(std::string_view key, std::string Owner::*member, std::vector<std::string> choices,
               std::string_view sentence) {
    text(key, member, sentence);
    table_.back().kind = field_kind::choice;
    table_.back().choices = std::move(choices);
  }

  /// An enumeration whose values are 0, 1, ... in the order of `choices`.
  template <class Enum>
  void choice(std::string_view key, Enum Owner::*member, std::vector<std::string> choices,
              std::string_view sentence) {
    auto& field = add(key, field_kind::choice, sentence);
    field.choices = choices;
    field.get = [owner = owner_, member, choices](const settings& from) {
      return config_value{
        choices[static_cast<std::size_t>(owner(const_cast<settings&>(from)).*member)]};
    };
    field.set = [owner = owner_, member, choices](settings& to, const config_value& value) {
      for (std::size_t i = 0; i < choices.size(); ++i)
        if (choices[i] == std::get<std::string>(value)) owner(to).*member = static_cast<Enum>(i);
    };
  }

  void addresses(std::string_view key, std::vector<std::string> Owner::*member,
                 std::string_view sentence) {
    auto& field = add(key, field_kind::addresses, sentence);
    field.get = [owner = owner_, member](const settings& from) {
      return config_value{owner(const_cast<settings&>(from)).*member};
    };
    field.set = [owner = owner_, member](settings& to, const config_value& value) {
      owner(to).*member = std::get<std::vector<std::string>>(value);
    };
  }

private:
  config_field& add(std::string_view key, field_kind kind, std::string_view sentence) {
    config_field field;
    field.section = section_;
    field.key = key;
    field.kind = kind;
    field.sentence = sentence;
    table_.push_back(std::move(field));
    return table_.back();
  }

  std::vector<config_field>& table_;
  std::string_view section_;
  place<Owner> owner_;
};

/// Adds the fields of section `client`.
void add_client_fields(std::vector<config_field>& table);

/// Adds the fields of section `store`.
void add_store_fields(std::vector<config_field>& table);

} // namespace cafmq::detail
