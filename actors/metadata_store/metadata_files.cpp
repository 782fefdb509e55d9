#include "actors/metadata_store/metadata_files.hpp"

#include "messages/errors.hpp"

namespace cafmq {

namespace {

/// The document in `name` or else in its .bak; empty where there is none that can be read.
template <class Document>
caf::expected<Document> load_one(const metadata_files& files, const std::string& name,
                                 caf::expected<Document> (*parse)(std::string_view),
                                 std::vector<std::string>& remarks) {
  for (const auto& generation : {name, name + ".bak"}) {
    auto text = files.read(generation);
    if (!text) return text.error();
    if (!*text) continue;
    auto document = parse(**text);
    if (document) return document;
    remarks.push_back("config/" + generation + " is set aside: " + sentence(document.error()));
    files.set_aside(generation);
  }
  return Document{};
}

} // namespace

caf::expected<loaded_metadata> load_metadata(const metadata_files& files) {
  loaded_metadata result;
  auto topics = load_one(files, topics_file, read_topics_json, result.remarks);
  if (!topics) return topics.error();
  auto offsets = load_one(files, offsets_file, read_offsets_json, result.remarks);
  if (!offsets) return offsets.error();
  auto groups = load_one(files, groups_file, read_groups_json, result.remarks);
  if (!groups) return groups.error();
  result.tables = {std::move(*topics), std::move(*offsets), std::move(*groups)};
  return result;
}

} // namespace cafmq
