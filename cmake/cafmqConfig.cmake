# find_package(cafmq REQUIRED), then target_link_libraries(program PRIVATE cafmq::cafmq).
include(CMakeFindDependencyMacro)
list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
find_dependency(CAF 0.17.6 COMPONENTS core io)
find_dependency(ZLIB)
find_dependency(nlohmann_json)
find_dependency(spdlog)
include("${CMAKE_CURRENT_LIST_DIR}/cafmqTargets.cmake")
