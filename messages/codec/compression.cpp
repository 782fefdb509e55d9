#include "messages/codec/compression.hpp"

#include <algorithm>
#include <lz4frame.h>
#include <memory>
#include <zlib.h>
#include <zstd.h>

#include "messages/codec/record.hpp"

namespace cafmq {

namespace {

using text_result = caf::expected<std::string>;

caf::error failure(const char* what) {
  return make_error(errc::compression_failed,
                    std::string{"a message body cannot be unpacked or packed: "} + what);
}

/// Output grows in steps, so that memory follows what really comes out of the decoder.
class growing_output {
public:
  explicit growing_output(std::size_t bytes_max) : bytes_max_(bytes_max) { grow(); }

  char* free_space() { return bytes_.data() + used_; }
  std::size_t free_bytes() const { return bytes_.size() - used_; }
  void used(std::size_t count) { used_ += count; }
  /// False when the limit is reached and nothing is free.
  bool grow() {
    if (free_bytes() > 0) return true;
    if (bytes_.size() >= bytes_max_) return false;
    bytes_.resize(std::min(bytes_max_, std::max<std::size_t>(16'384, bytes_.size() * 2)));
    return true;
  }
  std::string take() {
    bytes_.resize(used_);
    return std::move(bytes_);
  }

private:
  std::string bytes_;
  std::size_t used_ = 0;
  std::size_t bytes_max_;
};

text_result inflate_zlib(std::string_view stored, std::size_t bytes_max) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return failure("zlib is not available");
  std::unique_ptr<z_stream, int (*)(z_stream*)> guard{&stream, inflateEnd};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(stored.data()));
  stream.avail_in = static_cast<uInt>(stored.size());
  growing_output out{bytes_max};
  for (;;) {
    if (!out.grow()) return failure("it is larger than allowed");
    stream.next_out = reinterpret_cast<Bytef*>(out.free_space());
    stream.avail_out = static_cast<uInt>(out.free_bytes());
    auto status = inflate(&stream, Z_NO_FLUSH);
    out.used(out.free_bytes() - stream.avail_out);
    if (status == Z_STREAM_END) return out.take();
    if (status != Z_OK) return failure("its zlib stream is damaged or cut short");
    if (stream.avail_in == 0 && out.free_bytes() > 0)
      return failure("its zlib stream is damaged or cut short");
  }
}

text_result unpack_lz4(std::string_view stored, std::size_t bytes_max) {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
    return failure("LZ4 is not available");
  std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> guard{context,
                                                                     LZ4F_freeDecompressionContext};
  growing_output out{bytes_max};
  for (;;) {
    if (!out.grow()) return failure("it is larger than allowed");
    auto produced = out.free_bytes();
    auto consumed = stored.size();
    auto hint =
      LZ4F_decompress(context, out.free_space(), &produced, stored.data(), &consumed, nullptr);
    if (LZ4F_isError(hint)) return failure("its LZ4 frame is damaged");
    out.used(produced);
    stored.remove_prefix(consumed);
    if (hint == 0) return out.take();
    if (stored.empty() && out.free_bytes() > 0) return failure("its LZ4 frame is cut short");
  }
}

text_result unpack_zstd(std::string_view stored, std::size_t bytes_max) {
  std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream{ZSTD_createDStream(),
                                                                       ZSTD_freeDStream};
  if (!stream) return failure("Zstandard is not available");
  ZSTD_inBuffer in{stored.data(), stored.size(), 0};
  growing_output out{bytes_max};
  for (;;) {
    if (!out.grow()) return failure("it is larger than allowed");
    ZSTD_outBuffer to{out.free_space(), out.free_bytes(), 0};
    auto hint = ZSTD_decompressStream(stream.get(), &to, &in);
    if (ZSTD_isError(hint)) return failure("its Zstandard frame is damaged");
    out.used(to.pos);
    if (hint == 0) return out.take();
    if (in.pos == in.size && out.free_bytes() > 0)
      return failure("its Zstandard frame is cut short");
  }
}

} // namespace

std::int32_t compression_flags(compression kind) {
  return sys_flag::compressed | (static_cast<std::int32_t>(kind) << sys_flag::compression_shift);
}

text_result compress(std::string_view body, compression kind, int level) {
  std::string out;
  std::size_t size = 0;
  switch (kind) {
    case compression::zlib: {
      auto bound = compressBound(static_cast<uLong>(body.size()));
      out.resize(bound);
      if (compress2(reinterpret_cast<Bytef*>(out.data()), &bound,
                    reinterpret_cast<const Bytef*>(body.data()), static_cast<uLong>(body.size()),
                    std::clamp(level, 0, 9))
          != Z_OK)
        return failure("zlib refused it");
      size = bound;
      break;
    }
    case compression::lz4: {
      LZ4F_preferences_t preferences{};
      preferences.compressionLevel = level;
      out.resize(LZ4F_compressFrameBound(body.size(), &preferences));
      size = LZ4F_compressFrame(out.data(), out.size(), body.data(), body.size(), &preferences);
      if (LZ4F_isError(size)) return failure("LZ4 refused it");
      break;
    }
    case compression::zstd: {
      out.resize(ZSTD_compressBound(body.size()));
      size = ZSTD_compress(out.data(), out.size(), body.data(), body.size(), level);
      if (ZSTD_isError(size)) return failure("Zstandard refused it");
      break;
    }
  }
  out.resize(size);
  return out;
}

text_result decompress(std::string_view stored, std::int32_t sys_flags, std::size_t bytes_max) {
  switch ((sys_flags & sys_flag::compression_mask) >> sys_flag::compression_shift) {
    case 0:
    case 3: return inflate_zlib(stored, bytes_max);
    case 1: return unpack_lz4(stored, bytes_max);
    case 2: return unpack_zstd(stored, bytes_max);
    default: return failure("its compression is of an unknown kind");
  }
}

} // namespace cafmq
