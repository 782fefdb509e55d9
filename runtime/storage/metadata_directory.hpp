#pragma once

#include <string>

#include "actors/metadata_store/metadata_files.hpp"

namespace cafmq {

/// The files of `directory`, which is made when the first file is written.
metadata_files files_in_directory(const std::string& directory);

/// Files that are gone with the last copy of the functions.
metadata_files files_in_memory();

} // namespace cafmq
