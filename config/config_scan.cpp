#include "config/config_scan.hpp"

#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

namespace cafmq {

namespace {

using json = nlohmann::json;

/// Feeds the parser and counts lines, because its events carry no positions. The parser reads one
/// character ahead only after numbers, and never past a key, so the count is right at each key.
class counting_iterator {
public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  counting_iterator(const char* at, int* line) : at_(at), line_(line) {}
  reference operator*() const { return *at_; }
  counting_iterator& operator++() {
    if (*at_ == '\n') ++*line_;
    ++at_;
    return *this;
  }
  counting_iterator operator++(int) {
    auto old = *this;
    ++*this;
    return old;
  }
  bool operator==(const counting_iterator& other) const { return at_ == other.at_; }
  bool operator!=(const counting_iterator& other) const { return at_ != other.at_; }

private:
  const char* at_;
  int* line_;
};

/// Collects entries from parser events. Depth 1 is the top object, 2 a section, 3 and more are
/// values that no key takes, noted by shape.
class collector : public nlohmann::json_sax<json> {
public:
  collector(scanned_config& to, const int& line, std::string file)
      : to_(to), line_(line), file_(std::move(file)) {}

  bool null() override { return put({}); }
  bool boolean(bool x) override { return put({scanned_value::shape::boolean, x}); }
  bool number_integer(number_integer_t x) override {
    return put({scanned_value::shape::integer, std::int64_t{x}});
  }
  bool number_unsigned(number_unsigned_t x) override {
    if (x > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max()))
      return put({scanned_value::shape::real, static_cast<double>(x)});
    return put({scanned_value::shape::integer, static_cast<std::int64_t>(x)});
  }
  bool number_float(number_float_t x, const string_t&) override {
    return put({scanned_value::shape::real, x});
  }
  bool string(string_t& x) override {
    if (array_ && depth_ == array_depth_) {
      array_->push_back(x);
      return true;
    }
    return put({scanned_value::shape::text, x});
  }
  bool binary(binary_t&) override { return true; }

  bool start_object(std::size_t) override {
    if (depth_ == 1) to_.sections.push_back({key_, key_line_, true});
    if (depth_ == 1) section_ = key_;
    if (depth_ == 2 || array_) put({scanned_value::shape::object, {}});
    ++depth_;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ > 2) return true;
    key_ = name;
    key_line_ = line_;
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ == 0 || array_) {
      put({scanned_value::shape::mixed, {}});
    } else {
      array_.emplace();
      array_mixed_ = false;
    }
    ++depth_;
    if (array_ && array_depth_ == 0) array_depth_ = depth_;
    return true;
  }
  bool end_array() override {
    const bool outermost = array_ && depth_ == array_depth_;
    --depth_;
    if (!outermost) return true;
    auto values = std::move(*array_);
    array_.reset();
    array_depth_ = 0;
    if (array_mixed_) return put({scanned_value::shape::mixed, {}});
    return put({scanned_value::shape::strings, std::move(values)});
  }
  bool parse_error(std::size_t, const std::string& near, const json::exception& problem) override {
    std::string sentence = problem.what();
    // "[json.exception.parse_error.101] parse error at line 3, column 5: syntax error while ..."
    if (!to_.faults.empty()) return false; // the top level was refused already
    if (auto at = sentence.find("column "); at != std::string::npos)
      if (auto colon = sentence.find(": ", at); colon != std::string::npos)
        sentence = sentence.substr(colon + 2);
    static_cast<void>(near);
    to_.faults.push_back(
      {file_ + ":" + std::to_string(line_), "", "is not JSON here: " + sentence, ""});
    return false;
  }

private:
  bool put(scanned_value value) {
    if (array_) {
      array_mixed_ = true;
    } else if (depth_ == 0) {
      to_.faults.push_back({file_ + ":" + std::to_string(line_), "",
                            "the top level must be an object of sections, not " + shape_name(value),
                            ""});
    } else if (depth_ == 1) {
      to_.sections.push_back({key_, key_line_, false});
    } else if (depth_ == 2) {
      to_.entries.push_back({section_, key_, std::move(value), key_line_});
    }
    return true;
  }

  scanned_config& to_;
  const int& line_;
  std::string file_;
  std::string section_;
  std::string key_;
  int key_line_ = 0;
  int depth_ = 0;
  int array_depth_ = 0;
  bool array_mixed_ = false;
  std::optional<std::vector<std::string>> array_;
};

} // namespace

scanned_config scan_config(std::string_view text, const std::string& file) {
  scanned_config result;
  int line = 1;
  collector events{result, line, file};
  const char* begin = text.data();
  json::sax_parse(counting_iterator{begin, &line}, counting_iterator{begin + text.size(), &line},
                  &events);
  if (!result.faults.empty()) {
    result.sections.clear();
    result.entries.clear();
  }
  return result;
}

std::string shape_name(const scanned_value& value) {
  using shape = scanned_value::shape;
  switch (value.what) {
    case shape::null: return "null";
    case shape::boolean: return std::get<bool>(value.value) ? "true" : "false";
    case shape::integer: return "the number " + std::to_string(std::get<std::int64_t>(value.value));
    case shape::real: return "a number with a fraction or beyond 64 bits";
    case shape::text: return "the string \"" + std::get<std::string>(value.value) + "\"";
    case shape::strings: return "an array";
    case shape::mixed: return "an array";
    case shape::object: return "an object";
  }
  return "something else";
}

} // namespace cafmq
