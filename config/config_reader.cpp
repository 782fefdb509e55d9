#include "config/config_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>

#include "config/config_check.hpp"
#include "config/config_scan.hpp"
#include "config/field_table.hpp"
#include "config/nearest_name.hpp"

namespace cafmq {

namespace {

std::vector<std::string> split_addresses(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    const auto end = text.find(';');
    const auto part = text.substr(0, end);
    if (!part.empty()) result.emplace_back(part);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return result;
}

std::string wanted(const config_field& field) {
  switch (field.kind) {
    case field_kind::boolean: return "true or false";
    case field_kind::integer:
      return "a whole number" + (field.unit.empty() ? "" : " of " + std::string{field.unit});
    case field_kind::text: return "a string";
    case field_kind::choice: {
      std::string allowed;
      for (const auto& choice : field.choices)
        allowed += (allowed.empty() ? "" : ", ") + choice;
      return "one of " + allowed;
    }
    case field_kind::addresses: return "host:port strings, in an array or joined by ';'";
  }
  return "something else";
}

/// The value for a field of this kind, whatever its limits; nullopt: the type is wrong.
std::optional<config_value> convert(const config_field& field, const scanned_value& from) {
  using shape = scanned_value::shape;
  switch (field.kind) {
    case field_kind::boolean:
      if (from.what == shape::boolean) return std::get<bool>(from.value);
      break;
    case field_kind::integer:
      if (from.what == shape::integer) return std::get<std::int64_t>(from.value);
      break;
    case field_kind::text:
    case field_kind::choice:
      if (from.what == shape::text) return std::get<std::string>(from.value);
      break;
    case field_kind::addresses:
      if (from.what == shape::strings) return std::get<std::vector<std::string>>(from.value);
      if (from.what == shape::text) return split_addresses(std::get<std::string>(from.value));
      break;
  }
  return std::nullopt;
}

/// A value from the command line, in the shape that the same text would have in a file.
scanned_value scan_argument(const config_field& field, const std::string& text) {
  using shape = scanned_value::shape;
  if (field.kind == field_kind::boolean && (text == "true" || text == "false"))
    return {shape::boolean, text == "true"};
  if (field.kind == field_kind::integer) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem == std::errc{} && end == text.data() + text.size() && !text.empty())
      return {shape::integer, number};
  }
  return {shape::text, text};
}

class reader {
public:
  reader(settings start, std::string file) : file_(std::move(file)) {
    result_.values = std::move(start);
  }

  void read(std::string_view text) {
    auto scanned = scan_config(text, file_);
    if (!scanned.faults.empty()) {
      unreadable_ = true;
      result_.faults = std::move(scanned.faults);
      return;
    }
    for (const auto& section : scanned.sections)
      add_section(section);
    for (const auto& entry : scanned.entries)
      add_entry(entry);
  }

  void override_with(const std::string& argument) {
    const auto equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) {
      fault("--set", argument, "must be key=value");
      return;
    }
    const std::string key = argument.substr(0, equals);
    const auto* field = find_argument(key);
    if (!field) return;
    put(*field, scan_argument(*field, argument.substr(equals + 1)), "--set");
  }

  read_settings_result finish() {
    if (unreadable_) return std::move(result_);
    for (auto& found : check(result_.values)) {
      // A value that was refused already is still its default; contradictions that it causes would
      // be noise.
      if (refused_.contains(found.path)) continue;
      if (auto i = places_.find(found.path); i != places_.end())
        found.where = i->second;
      else
        found.where = file_;
      result_.faults.push_back(std::move(found));
    }
    std::ranges::stable_sort(result_.faults, {}, [this](const auto& x) { return line_of(x); });
    return std::move(result_);
  }

private:
  /// Faults without a line come last.
  int line_of(const config_fault& fault) const {
    int line = std::numeric_limits<int>::max();
    if (fault.where.starts_with(file_ + ":"))
      std::from_chars(fault.where.data() + file_.size() + 1,
                      fault.where.data() + fault.where.size(), line);
    return line;
  }

  std::string at(int line) const { return file_ + ":" + std::to_string(line); }

  void fault(std::string where, std::string path, std::string sentence, std::string meant = "") {
    result_.faults.push_back(
      {std::move(where), std::move(path), std::move(sentence), std::move(meant)});
  }

  void add_section(const scanned_section& section) {
    if (std::ranges::find(config_sections, section.name) == std::end(config_sections)) {
      std::vector<std::string> names{std::begin(config_sections), std::end(config_sections)};
      if (!section.is_object)
        for (const auto& field : field_table())
          names.push_back(field.path());
      std::string meant = nearest_name(section.name, names);
      if (!section.is_object)
        for (const auto& field : field_table())
          if (field.key == section.name) meant = field.path();
      fault(at(section.line), section.name,
            "is not a known section; they are node, namesrv, broker, store, client", meant);
    } else if (!section.is_object) {
      fault(at(section.line), section.name, "must be an object of keys");
    } else if (auto [i, fresh] = places_.try_emplace(section.name, at(section.line)); !fresh) {
      fault(at(section.line), section.name, "is given twice, first at " + i->second);
    } else {
      result_.values.sections.insert(section.name);
    }
  }

  void add_entry(const scanned_entry& entry) {
    if (std::ranges::find(config_sections, entry.section) == std::end(config_sections)) return;
    const std::string path = entry.section + "." + entry.key;
    const auto* field = find_field(entry.section, entry.key);
    if (!field) {
      fault(at(entry.line), path, "is not a known key", nearest_key(entry.section, entry.key));
      return;
    }
    if (auto i = places_.find(path); i != places_.end()) {
      fault(at(entry.line), path, "is given twice, first at " + i->second);
      return;
    }
    put(*field, entry.value, at(entry.line));
  }

  /// The key of this section that is meant, or a key of this very name in another section.
  static std::string nearest_key(std::string_view section, const std::string& key) {
    std::vector<std::string> own;
    std::vector<std::string> paths;
    for (const auto& field : field_table()) {
      if (field.section == section) own.emplace_back(field.key);
      if (field.key == key) paths.push_back(field.path());
    }
    if (!paths.empty()) return paths.front();
    if (auto near = nearest_name(key, own); !near.empty()) return near;
    for (const auto& field : field_table())
      paths.emplace_back(field.key);
    const auto near = nearest_name(key, paths);
    for (const auto& field : field_table())
      if (field.key == near) return field.path();
    return "";
  }

  const config_field* find_argument(const std::string& key) {
    if (const auto dot = key.find('.'); dot != std::string::npos) {
      const auto section = key.substr(0, dot);
      const auto* field = find_field(section, key.substr(dot + 1));
      if (!field)
        fault("--set", key, "is not a known key", nearest_path(key));
      else if (!open(section))
        fault("--set", key, "has no effect, because there is no section " + section);
      else
        return field;
      return nullptr;
    }
    std::vector<const config_field*> found;
    for (const auto& field : field_table())
      if (field.key == key && open(field.section)) found.push_back(&field);
    if (found.size() == 1) return found.front();
    if (found.size() > 1)
      fault("--set", key,
            "is in more than one section; say " + found[0]->path() + " or " + found[1]->path());
    else
      fault("--set", key, "is not a known key of a section that is present", nearest_path(key));
    return nullptr;
  }

  /// Whether keys of this section have a meaning here.
  bool open(std::string_view section) const {
    if (section == "node") return true;
    if (section == "store") return result_.values.has("broker");
    return result_.values.has(section);
  }

  static std::string nearest_path(const std::string& key) {
    const auto dot = key.find('.');
    const bool dotted = dot != std::string::npos;
    std::vector<std::string> names;
    for (const auto& field : field_table())
      names.push_back(dotted ? field.path() : std::string{field.key});
    const auto near = nearest_name(key, names);
    for (const auto& field : field_table())
      if (!dotted && field.key == near) return field.path();
    if (!near.empty() || !dotted) return near;
    return nearest_key(key.substr(0, dot), key.substr(dot + 1));
  }

  void put(const config_field& field, const scanned_value& from, const std::string& where) {
    const auto path = field.path();
    places_[path] = where;
    refused_.erase(path);
    auto value = convert(field, from);
    if (!value) {
      refuse(path, where, "must be " + wanted(field) + ", not " + shape_name(from));
      return;
    }
    if (field.kind == field_kind::integer) {
      const auto number = std::get<std::int64_t>(*value);
      if (number < field.min || number > field.max) {
        refuse(path, where,
               "is " + std::to_string(number) + ", but must be within " + std::to_string(field.min)
                 + ".." + std::to_string(field.max)
                 + (field.unit.empty() ? "" : " " + std::string{field.unit}));
        return;
      }
    }
    if (field.kind == field_kind::choice
        && std::ranges::find(field.choices, std::get<std::string>(*value)) == field.choices.end()) {
      refuse(path, where, "must be " + wanted(field) + ", not " + shape_name(from),
             nearest_name(std::get<std::string>(*value), field.choices));
      return;
    }
    field.set(result_.values, *value);
  }

  void refuse(const std::string& path, const std::string& where, std::string sentence,
              std::string meant = "") {
    refused_.insert(path);
    fault(where, path, std::move(sentence), std::move(meant));
  }

  std::string file_;
  read_settings_result result_;
  bool unreadable_ = false;
  std::map<std::string, std::string> places_; ///< path -> where it was given
  std::set<std::string> refused_;
};

} // namespace

read_settings_result read_settings(std::string_view text, const std::string& file,
                                   const std::vector<std::string>& overrides) {
  reader r{{}, file};
  r.read(text);
  for (const auto& argument : overrides)
    r.override_with(argument);
  return r.finish();
}

read_settings_result override_settings(settings defaults,
                                       const std::vector<std::string>& overrides) {
  reader r{std::move(defaults), ""};
  for (const auto& argument : overrides)
    r.override_with(argument);
  return r.finish();
}

} // namespace cafmq
