#include "config/config_show.hpp"

#include <nlohmann/json.hpp>

#include "config/field_table.hpp"

namespace cafmq {

namespace {

bool is_shown(const settings& values, std::string_view section) {
  if (section == "node") return true;
  if (section == "store") return values.has("broker");
  return values.has(section);
}

} // namespace

std::vector<shown_field> shown_fields(const settings& values) {
  const settings defaults;
  std::vector<shown_field> result;
  for (const auto& field : field_table()) {
    if (!is_shown(values, field.section)) continue;
    const auto value = field.get(values);
    result.push_back({field.section, field.key, to_text(value), field.unit,
                      value == field.get(defaults), field.sentence});
  }
  return result;
}

std::string to_json(const settings& values) {
  nlohmann::ordered_json root = nlohmann::ordered_json::object();
  for (const auto& field : field_table())
    if (is_shown(values, field.section))
      std::visit(
        [&](const auto& x) { root[std::string{field.section}][std::string{field.key}] = x; },
        field.get(values));
  return root.dump(2);
}

} // namespace cafmq
