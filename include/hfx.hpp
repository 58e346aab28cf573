/*
 * hfx for C++17: the C ABI of hfx.h with handles that free themselves, exceptions, and futures. Header only.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A file, from the Hub into the cache that all Hugging Face tools share, and where it is:
 *
 *     auto client = hfx::client::open(hfx::options::from_env());
 *     auto repo = hfx::repo::model("openai-community/gpt2");
 *     std::string path = client.download_file(repo, "config.json").get().path();
 *
 * hfx.h is the reference: a function here does what the function of its name does there. What C++ adds:
 *
 * Errors. A function declared `returns<T>` returns a T and throws hfx::error. Without exceptions (-fno-exceptions, or
 * HFX_NO_EXCEPTIONS defined before the include) the same function returns a result<T>: test it, then take *r. Builders
 * (options, commit) keep their first error then, and the call that uses them reports it.
 *
 * Handles are move-only and free themselves. A moved-from handle may be assigned to and destroyed, nothing else; its
 * getters answer empty. The destructor of a client cancels its jobs and waits until no thread of it runs: what its
 * callbacks use must outlive it. close_for() waits with a bound.
 *
 * Strings. In: any std::string_view; a NUL byte inside is errc::invalid_argument; empty is "none" where C allows NULL.
 * Out: zstring_view, which ends in NUL and is lent by its handle; empty where C says NULL. A std::vector owns what is in
 * it. Paths are as in hfx.h.
 *
 * Jobs. Functions of a client return job<T> at once: get() waits and takes the result. Dropping a job does not stop it,
 * but for the *_into reads: their destructor cancels and waits, since the memory may go away next.
 *
 * Callbacks run on threads of the library. An exception that leaves one ends its job, and get() or the future throws
 * it again (without exceptions of hfx: errc::callback with its text). A log callback has no job: close() throws its.
 *
 * Threads: as in hfx.h. const functions may be called from many threads at once.
 */
#ifndef HFX_HPP
#define HFX_HPP

#include "hfx.h"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// Whether the compiler lets this file catch, and whether hfx throws (for code that serves both).
#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define HFX_HPP_CATCHES 1
#else
#define HFX_HPP_CATCHES 0
#endif
#if HFX_HPP_CATCHES && !defined(HFX_NO_EXCEPTIONS)
#define HFX_HPP_THROWS 1
#else
#define HFX_HPP_THROWS 0
#endif

namespace hfx {

// Two names, so that files built in both ways link into one program.
#if HFX_HPP_THROWS
inline namespace throwing {
#else
inline namespace returning {
#endif

// ---------------------------------------------------------------------------------------------------------- constants

// Why something failed: HFX_E_*.
enum class errc : hfx_status {
    invalid_argument = HFX_E_INVALID_ARGUMENT,
    cancelled = HFX_E_CANCELLED,
    timeout = HFX_E_TIMEOUT,
    would_deadlock = HFX_E_WOULD_DEADLOCK,
    forked = HFX_E_FORKED,
    internal = HFX_E_INTERNAL,
    closed = HFX_E_CLOSED,
    unsupported = HFX_E_UNSUPPORTED,
    already_taken = HFX_E_ALREADY_TAKEN,
    not_ended = HFX_E_NOT_ENDED,
    repo_not_found = HFX_E_REPO_NOT_FOUND,
    revision_not_found = HFX_E_REVISION_NOT_FOUND,
    entry_not_found = HFX_E_ENTRY_NOT_FOUND,
    gated = HFX_E_GATED,
    unauthorized = HFX_E_UNAUTHORIZED,
    forbidden = HFX_E_FORBIDDEN,
    rate_limited = HFX_E_RATE_LIMITED,
    disabled = HFX_E_DISABLED,
    http = HFX_E_HTTP,
    protocol = HFX_E_PROTOCOL,
    offline = HFX_E_OFFLINE,
    conflict = HFX_E_CONFLICT,
    network = HFX_E_NETWORK,
    tls = HFX_E_TLS,
    proxy = HFX_E_PROXY,
    hash_mismatch = HFX_E_HASH_MISMATCH,
    content_changed = HFX_E_CONTENT_CHANGED,
    no_hash = HFX_E_NO_HASH,
    io = HFX_E_IO,
    disk_full = HFX_E_DISK_FULL,
    permission = HFX_E_PERMISSION,
    locked = HFX_E_LOCKED,
    too_small = HFX_E_TOO_SMALL,
    corrupt_cache = HFX_E_CORRUPT_CACHE,
    incomplete = HFX_E_INCOMPLETE,
    callback = HFX_E_CALLBACK,
};

enum class repo_kind : std::int32_t {
    model = HFX_REPO_MODEL,
    dataset = HFX_REPO_DATASET,
    space = HFX_REPO_SPACE,
    kernel = HFX_REPO_KERNEL,
};

enum class lookup_state : std::int32_t {
    found = HFX_LOOKUP_FOUND,
    missing = HFX_LOOKUP_MISSING,
    unknown = HFX_LOOKUP_UNKNOWN,
};

enum class file_state : std::int32_t {
    waiting = HFX_FILE_WAITING,
    running = HFX_FILE_RUNNING,
    done = HFX_FILE_DONE,
    cached = HFX_FILE_CACHED,
    failed = HFX_FILE_FAILED,
    planned = HFX_FILE_PLANNED,
    cancelled = HFX_FILE_CANCELLED,
};

// What was proven of a file's bytes.
enum class verified : std::int32_t {
    none = HFX_VERIFIED_NONE,
    hash = HFX_VERIFIED_HASH,
    length = HFX_VERIFIED_LENGTH,
};

enum class ref_kind : std::int32_t {
    branch = HFX_REF_BRANCH,
    tag = HFX_REF_TAG,
    convert = HFX_REF_CONVERT,
    pull_request = HFX_REF_PULL_REQUEST,
};

enum class committed_how : std::int32_t {
    regular = HFX_COMMITTED_REGULAR,
    lfs = HFX_COMMITTED_LFS,
    unchanged = HFX_COMMITTED_UNCHANGED,
    ignored = HFX_COMMITTED_IGNORED,
    deleted = HFX_COMMITTED_DELETED,
};

enum class log_level : std::int32_t {
    error = HFX_LOG_ERROR,
    warn = HFX_LOG_WARN,
    info = HFX_LOG_INFO,
    debug = HFX_LOG_DEBUG,
};

enum class option_type : std::int32_t {
    boolean = HFX_TYPE_BOOL,
    integer = HFX_TYPE_INT,
    string = HFX_TYPE_STRING,
    secret = HFX_TYPE_SECRET,
    list = HFX_TYPE_LIST,
    choice = HFX_TYPE_CHOICE,
};

// ------------------------------------------------------------------------------------------------- strings and memory

// A string_view that ends in NUL. C's NULL is the empty one.
class zstring_view : public std::string_view {
public:
    constexpr zstring_view() noexcept : std::string_view("") {}
    constexpr zstring_view(const char* text) noexcept : std::string_view(text ? text : "") {}
    constexpr const char* c_str() const noexcept { return data(); }
    operator std::string() const { return std::string(data(), size()); }
};

// Memory of the caller, as std::span: a pointer and a size in bytes, or a vector, array or span of plain values.
template <class Byte>
class basic_buffer {
    template <class C>
    using element = std::remove_pointer_t<decltype(std::declval<C&>().data())>;

public:
    using pointer = std::conditional_t<std::is_const_v<Byte>, const void*, void*>;

    constexpr basic_buffer() noexcept = default;
    basic_buffer(pointer data, std::size_t size) noexcept : data_(static_cast<Byte*>(data)), size_(size) {}
    template <class C, class = std::enable_if_t<std::is_trivially_copyable_v<element<C>> &&
                                                std::is_convertible_v<element<C>*, pointer> &&
                                                !std::is_same_v<std::decay_t<C>, basic_buffer>>>
    basic_buffer(C&& values) noexcept : basic_buffer(values.data(), values.size() * sizeof(element<C>)) {}

    constexpr Byte* data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr Byte* begin() const noexcept { return data_; }
    constexpr Byte* end() const noexcept { return data_ + size_; }
    std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }

private:
    Byte* data_ = nullptr;
    std::size_t size_ = 0;
};
using buffer = basic_buffer<std::byte>;
using const_buffer = basic_buffer<const std::byte>;

// A part of a file; to its end by default.
struct byte_range {
    std::uint64_t offset = 0;
    std::int64_t length = -1;
};

// ------------------------------------------------------------------------------------------------------------- errors

// The name of a status, as "DISK_FULL".
inline zstring_view name(errc code) noexcept { return hfx_status_name(static_cast<hfx_status>(code)); }

// A failure: what, on what, why. what() is one line, with the causes and without secrets.
class error : public std::runtime_error {
public:
    error(errc code, const std::string& message) : error(details{code, 0, 0, false, {}, {}, {}}, message) {}

    errc code() const noexcept { return details_->code; }
    int http_status() const noexcept { return details_->http_status; }
    int os_error() const noexcept { return details_->os_error; }
    bool retryable() const noexcept { return details_->retryable; }
    const std::string& request_id() const noexcept { return details_->request_id; }
    const std::string& url() const noexcept { return details_->url; }
    // The commit that the server named: of a 404 for a missing file, and the head at a conflict.
    const std::string& commit() const noexcept { return details_->commit; }

    // A copy of an error of the library, which stays its owner's.
    static error copy(hfx_status status, const hfx_error* from) {
        const auto text = [](const char* value) { return std::string(value ? value : ""); };
        return error(details{static_cast<errc>(status), hfx_error_http_status(from), hfx_error_os_error(from),
                             hfx_error_retryable(from) != 0, text(hfx_error_request_id(from)),
                             text(hfx_error_url(from)), text(hfx_error_commit(from))},
                     from ? hfx_error_message(from) : hfx_status_name(status));
    }

private:
    struct details {
        errc code;
        int http_status;
        int os_error;
        bool retryable;
        std::string request_id;
        std::string url;
        std::string commit;
    };
    error(details all, const std::string& message)
        : std::runtime_error(message), details_(std::make_shared<const details>(std::move(all))) {}

    std::shared_ptr<const details> details_; // shared, so that copying an error never throws
};

// A value or an error: what functions return when hfx does not throw.
template <class T>
class [[nodiscard]] result {
public:
    using value_type = T;

    result(T value) : is_(std::in_place_index<0>, std::move(value)) {}
    result(hfx::error failure) : is_(std::in_place_index<1>, std::move(failure)) {}

    bool has_value() const noexcept { return is_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    // Only when it has a value; else undefined, as for std::optional.
    T& operator*() & noexcept { return *std::get_if<0>(&is_); }
    const T& operator*() const& noexcept { return *std::get_if<0>(&is_); }
    T&& operator*() && noexcept { return std::move(*std::get_if<0>(&is_)); }
    T* operator->() noexcept { return std::get_if<0>(&is_); }
    const T* operator->() const noexcept { return std::get_if<0>(&is_); }
    // Only when it has none.
    const hfx::error& error() const noexcept { return *std::get_if<1>(&is_); }

private:
    std::variant<T, hfx::error> is_;
};

template <>
class [[nodiscard]] result<void> {
public:
    using value_type = void;

    result() noexcept = default;
    result(hfx::error failure) : failure_(std::move(failure)) {}

    bool has_value() const noexcept { return !failure_; }
    explicit operator bool() const noexcept { return has_value(); }
    const hfx::error& error() const noexcept { return *failure_; }

private:
    std::optional<hfx::error> failure_;
};

// What a function that can fail returns.
#if HFX_HPP_THROWS
template <class T>
using returns = T;
#else
template <class T>
using returns = result<T>;
#endif

class options;

// ------------------------------------------------------------------------------------------------------ how calls work

namespace detail {

// A handle: owns one, and frees it.
template <class Raw, void (*Free)(Raw*)>
class handle {
    struct deleter {
        void operator()(Raw* raw) const noexcept { Free(raw); }
    };

public:
    using raw_type = Raw;

    explicit handle(Raw* raw = nullptr) noexcept : raw_(raw) {}
    // The C handle, lent: for what has no function here.
    Raw* get() const noexcept { return raw_.get(); }
    // The C handle, to be freed by the caller.
    [[nodiscard]] Raw* release() noexcept { return raw_.release(); }

private:
    std::unique_ptr<Raw, deleter> raw_;
};

// A string argument on its way into C.
class text {
public:
    explicit text(std::string_view value, bool optional = false) : value_(value), none_(optional && value.empty()) {}
    bool has_nul() const noexcept { return value_.find('\0') != std::string::npos; }
    const char* get() const noexcept { return none_ ? nullptr : value_.c_str(); }

private:
    std::string value_;
    bool none_;
};
inline text optional(std::string_view value) { return text(value, true); }

// Several of them.
class text_list {
public:
    explicit text_list(const std::vector<std::string>& values) : values_(values) {
        for (const auto& each : values_) {
            pointers_.push_back(each.c_str());
            has_nul_ = has_nul_ || each.find('\0') != std::string::npos;
        }
    }
    bool has_nul() const noexcept { return has_nul_; }
    const char* const* get() const noexcept { return pointers_.data(); }

private:
    const std::vector<std::string>& values_; // lives for the call
    std::vector<const char*> pointers_;
    bool has_nul_ = false;
};

// A callback's user data, which belongs to the library from the moment it is passed.
template <class T>
class user_data {
public:
    explicit user_data(T value) : value_(std::make_unique<T>(std::move(value))) {}
    void* get() const noexcept { return value_.release(); }
    static T& of(void* user) noexcept { return *static_cast<T*>(user); }
    static void destroy(void* user) noexcept { delete static_cast<T*>(user); }

private:
    mutable std::unique_ptr<T> value_;
};

template <class T>
auto raw(const T& value) noexcept {
    if constexpr (std::is_arithmetic_v<T> || std::is_pointer_v<T>) {
        return value;
    } else {
        return value.get();
    }
}

template <class T>
bool has_nul(const T& value) noexcept {
    if constexpr (std::is_same_v<T, text> || std::is_same_v<T, text_list>) {
        return value.has_nul();
    } else {
        return false;
    }
}

// Calls a C function whose last argument is `hfx_error **err`.
template <class Function, class... In>
std::optional<error> call(Function* function, const In&... in) {
    if ((has_nul(in) || ...)) {
        return error(errc::invalid_argument, "a text has a NUL byte in it");
    }
    hfx_error* failure = nullptr;
    const hfx_status status = (*function)(raw(in)..., &failure);
    if (status == HFX_OK) {
        return std::nullopt;
    }
    const std::unique_ptr<hfx_error, void (*)(hfx_error*)> owner(failure, hfx_error_free);
    return error::copy(status, failure);
}

// The same, for a function that makes a handle.
template <class T, class Function, class... In>
result<T> make(Function* function, const In&... in) {
    typename T::raw_type* out = nullptr;
    if (auto failure = call(function, in..., &out)) {
        return *std::move(failure);
    }
    return T(out);
}

// From what happened inside to what the caller gets.
#if HFX_HPP_THROWS
inline void give(std::optional<error> failure) {
    if (failure) {
        throw *std::move(failure);
    }
}
template <class T>
T give(result<T> made) {
    if (!made) {
        throw made.error();
    }
    if constexpr (!std::is_void_v<T>) {
        return *std::move(made);
    }
}
#else
inline result<void> give(std::optional<error> failure) {
    return failure ? result<void>(*std::move(failure)) : result<void>();
}
template <class T>
result<T> give(result<T> made) {
    return made;
}
#endif

// Keeps what leaves a callback, since nothing may be thrown through the library.
class thrown {
public:
    // Whether the call ended without an exception.
    template <class Call>
    bool guard(Call&& body) noexcept {
#if HFX_HPP_CATCHES
        try {
            body();
        } catch (...) {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!first_) {
                first_ = std::current_exception();
            }
            return false;
        }
#else
        body();
#endif
        return true;
    }

    std::exception_ptr take() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return std::exchange(first_, nullptr);
    }

private:
    std::mutex mutex_;
    std::exception_ptr first_;
};

// Throws it again; where hfx does not throw, it becomes an error.
inline std::optional<error> again(const std::exception_ptr& exception) {
    if (!exception) {
        return std::nullopt;
    }
#if HFX_HPP_THROWS
    std::rethrow_exception(exception);
#elif HFX_HPP_CATCHES
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& caught) {
        return error(errc::callback, caught.what());
    } catch (...) {
        return error(errc::callback, "a callback threw something that is no std::exception");
    }
#else
    return error(errc::callback, "a callback failed");
#endif
}

// A builder's first error: thrown at once, or kept for the call that uses the builder.
class builder {
public:
    const std::optional<error>& failure() const noexcept { return failure_; }

protected:
    void note(std::optional<error> failure) {
#if HFX_HPP_THROWS
        give(std::move(failure));
#else
        if (!failure_) {
            failure_ = std::move(failure);
        }
#endif
    }

private:
    std::optional<error> failure_;
};

// Turns size() and operator[] into a range.
template <class List>
class indexed {
public:
    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = std::decay_t<decltype(std::declval<const List&>()[0])>;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = value_type;

        iterator() noexcept = default;
        iterator(const List* list, std::size_t at) noexcept : list_(list), at_(at) {}
        value_type operator*() const { return (*list_)[at_]; }
        iterator& operator++() noexcept {
            ++at_;
            return *this;
        }
        iterator operator++(int) noexcept {
            const iterator before = *this;
            ++at_;
            return before;
        }
        friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.at_ == b.at_; }
        friend bool operator!=(const iterator& a, const iterator& b) noexcept { return a.at_ != b.at_; }

    private:
        const List* list_ = nullptr;
        std::size_t at_ = 0;
    };

    iterator begin() const noexcept { return {&self(), 0}; }
    iterator end() const noexcept { return {&self(), self().size()}; }
    bool empty() const noexcept { return self().size() == 0; }

private:
    const List& self() const noexcept { return static_cast<const List&>(*this); }
};

// The texts that a C getter gives until it says NULL.
template <class Getter>
std::vector<std::string> texts(Getter get) {
    std::vector<std::string> all;
    while (const char* each = get(all.size())) {
        all.emplace_back(each);
    }
    return all;
}

inline std::optional<zstring_view> maybe(const char* value) {
    return value ? std::optional<zstring_view>(value) : std::nullopt;
}

template <class Rep, class Period>
std::int64_t milliseconds(std::chrono::duration<Rep, Period> time) {
    if (std::chrono::duration<double>(time).count() > 1e12) {
        return -1; // more than 30,000 years is for ever
    }
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(time).count();
    return whole < 0 ? 0 : static_cast<std::int64_t>(whole);
}

inline const_buffer memory(const void* data, std::uint64_t size) {
    return const_buffer(data, static_cast<std::size_t>(size));
}

} // namespace detail

// ------------------------------------------------------------------------------------------------------------ version

// Whether the library that runs fits this header; to be called once.
inline returns<void> check_version() { return detail::give(detail::call(hfx_version_check, HFX_VERSION_NUMBER + 0u)); }
inline std::uint32_t version_number() noexcept { return hfx_version_number(); }
inline zstring_view version_string() noexcept { return hfx_version_string(); }

// ---------------------------------------------------------------------------------- what the Hub and the cache answer

// What a file's handle tells, owned (file) or lent by a snapshot (file_view).
template <class Self>
class file_getters {
public:
    zstring_view name() const noexcept { return hfx_file_name(raw()); }
    zstring_view path() const noexcept { return hfx_file_path(raw()); }
    zstring_view etag() const noexcept { return hfx_file_etag(raw()); }
    zstring_view commit() const noexcept { return hfx_file_commit(raw()); }
    std::uint64_t size() const noexcept { return hfx_file_size(raw()); }
    hfx::verified verified() const noexcept { return static_cast<hfx::verified>(hfx_file_verified(raw())); }
    file_state state() const noexcept { return static_cast<file_state>(hfx_file_state(raw())); }
    // Why it failed, of a file of outcomes.
    std::optional<hfx::error> error() const {
        const hfx_error* const why = hfx_file_error(raw());
        return why ? std::optional<hfx::error>(hfx::error::copy(hfx_error_status(why), why)) : std::nullopt;
    }

private:
    const hfx_file* raw() const noexcept { return static_cast<const Self&>(*this).get(); }
};

class file : public detail::handle<hfx_file, hfx_file_free>, public file_getters<file> {
    using handle::handle;

public:
    static constexpr auto take = hfx_job_take_file;
    explicit file(hfx_file* raw) noexcept : handle(raw) {}
};

class file_view : public file_getters<file_view> {
public:
    explicit file_view(const hfx_file* raw) noexcept : raw_(raw) {}
    const hfx_file* get() const noexcept { return raw_; }

private:
    const hfx_file* raw_;
};

// A folder and its files: a range of file_view.
class snapshot : public detail::handle<hfx_snapshot, hfx_snapshot_free>, public detail::indexed<snapshot> {
public:
    using handle::handle;
    static constexpr auto take = hfx_job_take_snapshot;

    zstring_view path() const noexcept { return hfx_snapshot_path(get()); }
    zstring_view commit() const noexcept { return hfx_snapshot_commit(get()); }
    std::size_t size() const noexcept { return hfx_snapshot_count(get()); }
    file_view operator[](std::size_t index) const noexcept { return file_view(hfx_snapshot_file(get(), index)); }
};

// A snapshot with the files that failed or were left out as well, as job::take<hfx::outcomes>() gives it: state() and
// error() of each tell how it ended.
class outcomes : public snapshot {
public:
    using snapshot::snapshot;
    static constexpr auto take = hfx_job_take_outcomes;
};

// What the cache knows of a file.
struct lookup_result {
    lookup_state state = lookup_state::unknown;
    std::optional<hfx::file> file; // when it was found
};

// What the Hub says of a file, owned (meta) or lent to a callback (meta_view).
template <class Self>
class meta_getters {
public:
    zstring_view commit() const noexcept { return hfx_meta_commit(raw()); }
    zstring_view etag() const noexcept { return hfx_meta_etag(raw()); }
    zstring_view url() const noexcept { return hfx_meta_url(raw()); }
    zstring_view xet_hash() const noexcept { return hfx_meta_xet_hash(raw()); }
    std::uint64_t size() const noexcept { return hfx_meta_size(raw()); }

private:
    const hfx_meta* raw() const noexcept { return static_cast<const Self&>(*this).get(); }
};

class meta : public detail::handle<hfx_meta, hfx_meta_free>, public meta_getters<meta> {
public:
    using handle::handle;
    static constexpr auto take = hfx_job_take_meta;
};

class meta_view : public meta_getters<meta_view> {
public:
    explicit meta_view(const hfx_meta* raw) noexcept : raw_(raw) {}
    const hfx_meta* get() const noexcept { return raw_; }

private:
    const hfx_meta* raw_;
};

// Bytes of a remote file. Those that went into the caller's memory or a callback are not here.
class bytes : public detail::handle<hfx_bytes, hfx_bytes_free> {
public:
    using handle::handle;
    static constexpr auto take = hfx_job_take_bytes;

    const std::byte* data() const noexcept { return static_cast<const std::byte*>(hfx_bytes_data(get())); }
    // How many bytes are here; how many were read says length().
    std::size_t size() const noexcept { return data() ? static_cast<std::size_t>(length()) : 0; }
    std::uint64_t length() const noexcept { return hfx_bytes_length(get()); }
    std::uint64_t file_size() const noexcept { return hfx_bytes_file_size(get()); }
    zstring_view commit() const noexcept { return hfx_bytes_commit(get()); }
    zstring_view etag() const noexcept { return hfx_bytes_etag(get()); }
    hfx::verified verified() const noexcept { return static_cast<hfx::verified>(hfx_bytes_verified(get())); }
    std::string_view text() const noexcept { return const_buffer(data(), size()).text(); }
    std::vector<std::byte> vector() const { return {data(), data() + size()}; }
};

class info : public detail::handle<hfx_info, hfx_info_free> {
public:
    using handle::handle;
    static constexpr auto take = hfx_job_take_info;

    zstring_view id() const noexcept { return hfx_info_id(get()); }
    zstring_view commit() const noexcept { return hfx_info_commit(get()); }
    zstring_view json() const noexcept { return hfx_info_json(get()); }
    bool is_private() const noexcept { return hfx_info_private(get()) != 0; }
    bool gated() const noexcept { return hfx_info_gated(get()) != 0; }
    bool disabled() const noexcept { return hfx_info_disabled(get()) != 0; }
};

struct tree_entry {
    zstring_view path;
    zstring_view etag;
    std::uint64_t size;
    bool is_lfs;
};

// The files of a repository at a commit: a range of tree_entry.
class tree : public detail::handle<hfx_tree, hfx_tree_free>, public detail::indexed<tree> {
public:
    using handle::handle;
    static constexpr auto take = hfx_job_take_tree;

    std::size_t size() const noexcept { return hfx_tree_count(get()); }
    tree_entry operator[](std::size_t index) const noexcept {
        return {hfx_tree_path(get(), index), hfx_tree_etag(get(), index), hfx_tree_size(get(), index),
                hfx_tree_is_lfs(get(), index) != 0};
    }
};

struct ref {
    zstring_view name;
    zstring_view full_name;
    zstring_view commit;
    ref_kind kind;
};

// Branches, tags, conversions, pull requests: a range of ref.
class refs : public detail::handle<hfx_refs, hfx_refs_free>, public detail::indexed<refs> {
public:
    using handle::handle;
    static constexpr auto take = hfx_job_take_refs;

    std::size_t size() const noexcept { return hfx_refs_count(get()); }
    ref operator[](std::size_t index) const noexcept {
        return {hfx_refs_name(get(), index), hfx_refs_full_name(get(), index), hfx_refs_commit(get(), index),
                static_cast<ref_kind>(hfx_refs_kind(get(), index))};
    }
};

struct commit_entry {
    zstring_view id;
    zstring_view title;
    zstring_view message;
    zstring_view date;
    std::vector<std::string> authors;
};

// Commits, newest first: a range of commit_entry.
class commits : public detail::handle<hfx_history, hfx_history_free>, public detail::indexed<commits> {
public:
    using handle::handle;
    static constexpr auto take = hfx_job_take_history;

    std::size_t size() const noexcept { return hfx_history_count(get()); }
    commit_entry operator[](std::size_t index) const {
        const auto author = [&](std::size_t at) { return hfx_history_author(get(), index, at); };
        return {hfx_history_id(get(), index), hfx_history_title(get(), index), hfx_history_message(get(), index),
                hfx_history_date(get(), index), detail::texts(author)};
    }
};

// An answer of the Hub.
class reply : public detail::handle<hfx_reply, hfx_reply_free> {
public:
    using handle::handle;
    static constexpr auto take = hfx_job_take_reply;

    int status() const noexcept { return hfx_reply_status(get()); }
    zstring_view body() const noexcept { return hfx_reply_body(get()); }
    // A value of the JSON body by its JSON Pointer, as "/name".
    std::optional<zstring_view> value(const std::string& pointer) const {
        return detail::maybe(hfx_reply_value(get(), pointer.c_str()));
    }
    std::optional<zstring_view> header(const std::string& name) const {
        return detail::maybe(hfx_reply_header(get(), name.c_str()));
    }
    zstring_view request_id() const noexcept { return hfx_reply_request_id(get()); }
    std::optional<zstring_view> next() const { return detail::maybe(hfx_reply_next(get())); }
};

struct committed_file {
    zstring_view path;
    std::uint64_t size;
    zstring_view oid; // of an LFS file
    committed_how how;
};

// What a commit, an upload, a preupload or a schedule came to: a range of committed_file.
class committed : public detail::handle<hfx_committed, hfx_committed_free>, public detail::indexed<committed> {
public:
    using handle::handle;
    static constexpr auto take = hfx_job_take_committed;

    zstring_view commit() const noexcept { return hfx_committed_commit(get()); }
    zstring_view url() const noexcept { return hfx_committed_url(get()); }
    std::uint64_t commit_count() const noexcept { return hfx_committed_commit_count(get()); }
    std::uint64_t pull_request() const noexcept { return hfx_committed_pull_request(get()); }
    zstring_view pull_request_url() const noexcept { return hfx_committed_pull_request_url(get()); }
    std::size_t size() const noexcept { return hfx_committed_file_count(get()); }
    committed_file operator[](std::size_t index) const noexcept {
        return {hfx_committed_file_path(get(), index), hfx_committed_file_size(get(), index),
                hfx_committed_file_oid(get(), index),
                static_cast<committed_how>(hfx_committed_file_how(get(), index))};
    }
};

// What a store answered to the parts of a file.
class parts : public detail::handle<hfx_parts, hfx_parts_free> {
public:
    using handle::handle;
    static constexpr auto take = hfx_job_take_parts;

    std::size_t size() const noexcept { return hfx_parts_count(get()); }
    std::optional<zstring_view> header(std::size_t part, const std::string& name) const {
        return detail::maybe(hfx_parts_header(get(), part, name.c_str()));
    }
    std::vector<std::string> header_names(std::size_t part) const {
        return detail::texts([&](std::size_t at) { return hfx_parts_header_name(get(), part, at); });
    }
};

struct mismatch {
    std::string path;
    std::string expected;
    std::string actual;
};

// What hashing the cached files of a repository found.
class verification : public detail::handle<hfx_verification, hfx_verification_free> {
public:
    using handle::handle;
    static constexpr auto take = hfx_job_take_verification;

    std::uint64_t checked() const noexcept { return hfx_verification_checked(get()); }
    std::uint64_t bytes() const noexcept { return hfx_verification_bytes(get()); }
    std::vector<mismatch> mismatches() const {
        std::vector<mismatch> all;
        while (const char* path = hfx_verification_mismatch(get(), all.size())) {
            const std::size_t at = all.size();
            all.push_back({path, zstring_view(hfx_verification_expected(get(), at)),
                           zstring_view(hfx_verification_actual(get(), at))});
        }
        return all;
    }
    std::vector<std::string> missing() const {
        return detail::texts([&](std::size_t at) { return hfx_verification_missing(get(), at); });
    }
    std::vector<std::string> unknown() const {
        return detail::texts([&](std::size_t at) { return hfx_verification_unknown(get(), at); });
    }
};

enum class map_access : std::int32_t {
    read = HFX_MAP_READ,
    copy = HFX_MAP_COPY, // may be written to: see mutable_data()
};

// A finished file as memory. Hazard: see hfx_map_open; read_at() is the safe twin.
class map : public detail::handle<hfx_map, hfx_map_free> {
public:
    using handle::handle;

    static returns<map> open(std::string_view path, map_access access = map_access::read) {
        auto opened = detail::make<map>(hfx_map_open, detail::text(path), static_cast<std::int32_t>(access));
        if (opened) {
            opened->writable_ = access == map_access::copy;
        }
        return detail::give(std::move(opened));
    }
    const std::byte* data() const noexcept { return static_cast<const std::byte*>(hfx_map_data(get())); }
    std::size_t size() const noexcept { return static_cast<std::size_t>(hfx_map_length(get())); }
    // What is written stays in this process; null unless it was opened for it.
    std::byte* mutable_data() noexcept { return writable_ ? const_cast<std::byte*>(data()) : nullptr; }
    const std::byte* begin() const noexcept { return data(); }
    const std::byte* end() const noexcept { return data() + size(); }

private:
    bool writable_ = false;
};

// Reads bytes of a file on disk; fewer than asked for only at its end.
inline returns<std::size_t> read_at(std::string_view path, std::uint64_t offset, buffer into) {
    std::size_t length = 0;
    void* const memory = into.data();
    if (auto failure = detail::call(hfx_read_at, detail::text(path), offset, memory, into.size(), &length)) {
        return detail::give(result<std::size_t>(*std::move(failure)));
    }
    return detail::give(result<std::size_t>(length));
}

// ----------------------------------------------------------------------------------------------------------- progress

struct file_progress {
    std::string name;
    std::uint64_t size;
    std::uint64_t done;
    std::uint64_t hashed;
    std::uint64_t sent;
    file_state state;
    std::optional<hfx::error> error; // of a file that failed
};

// The numbers of a job at one moment, owned (progress) or lent to a callback (progress_view).
template <class Self>
class progress_getters {
public:
    std::uint64_t job_id() const noexcept { return hfx_progress_job_id(raw()); }
    std::uint64_t files() const noexcept { return totals().files; }
    std::uint64_t files_done() const noexcept { return totals().files_done; }
    std::uint64_t files_failed() const noexcept { return totals().files_failed; }
    std::uint64_t bytes_total() const noexcept { return totals().bytes; }
    std::uint64_t bytes_done() const noexcept { return totals().bytes_done; }
    std::uint64_t bytes_received() const noexcept { return totals().bytes_received; }
    std::uint64_t bytes_restored() const noexcept { return totals().bytes_restored; }
    std::uint64_t bytes_sent() const noexcept { return totals().bytes_sent; }
    std::uint64_t bytes_hashed() const noexcept { return totals().bytes_hashed; }

    // All sums at once.
    hfx_totals totals() const noexcept {
        hfx_totals all;
        hfx_progress_totals(raw(), &all, sizeof all);
        return all;
    }

    // Each file: how far it is, and why it failed.
    std::vector<file_progress> each_file() const {
        std::vector<file_progress> all;
        all.reserve(hfx_progress_file_count(raw()));
        hfx_file_progress now;
        while (hfx_progress_file(raw(), all.size(), &now, sizeof now) != 0) {
            file_progress one{now.name,       now.bytes,          now.bytes_done,
                              now.bytes_hashed, now.bytes_sent,   static_cast<file_state>(now.state),
                              std::nullopt};
            if (now.error) {
                one.error = error::copy(hfx_error_status(now.error), now.error);
            }
            all.push_back(std::move(one));
        }
        return all;
    }

private:
    const hfx_progress* raw() const noexcept { return static_cast<const Self&>(*this).get(); }
};

class progress : public detail::handle<hfx_progress, hfx_progress_free>, public progress_getters<progress> {
public:
    using handle::handle;
};

class progress_view : public progress_getters<progress_view> {
public:
    explicit progress_view(const hfx_progress* raw) noexcept : raw_(raw) {}
    const hfx_progress* get() const noexcept { return raw_; }

private:
    const hfx_progress* raw_;
};

// --------------------------------------------------------------------------------------------------------------- jobs

namespace detail {

// Takes a job's result, by the function that T names.
template <class T>
result<T> take(const hfx_job* job) {
    if constexpr (std::is_void_v<T>) {
        auto failure = call(hfx_job_check, job);
        return failure ? result<void>(*std::move(failure)) : result<void>();
    } else if constexpr (std::is_same_v<T, bool>) {
        std::int32_t exists = 0;
        if (auto failure = call(hfx_job_take_exists, job, &exists)) {
            return *std::move(failure);
        }
        return exists != 0;
    } else {
        return make<T>(T::take, job);
    }
}

} // namespace detail

// What can be asked of any job, owned (any_job, job<T>) or lent to a callback (job_view).
template <class Self>
class job_calls {
public:
    std::uint64_t id() const noexcept { return hfx_job_id(raw()); }
    returns<bool> ended() const {
        std::int32_t over = 0;
        auto failure = detail::call(hfx_job_poll, raw(), &over);
        return detail::give(failure ? result<bool>(*std::move(failure)) : result<bool>(over != 0));
    }
    void cancel() const noexcept { hfx_job_cancel(raw()); }
    void pause() const noexcept { hfx_job_pause(raw()); }
    void resume() const noexcept { hfx_job_resume(raw()); }
    returns<hfx::progress> progress() const {
        return detail::give(detail::make<hfx::progress>(hfx_job_progress, raw()));
    }
    // How it ended, taking nothing; errc::not_ended while it has not.
    returns<void> check() const { return detail::give(detail::call(hfx_job_check, raw())); }
    // The result of a job that has ended, by its type; errc::not_ended while it has not. The job's own error as it is in
    // the library: what a callback threw is at job<T>::get.
    template <class T>
    returns<T> take() const {
        return detail::give(detail::take<T>(raw()));
    }

private:
    const hfx_job* raw() const noexcept { return static_cast<const Self&>(*this).native_handle(); }
};

// A job of any kind, as client::next_job gives it. Dropping it changes nothing about the work.
class any_job : public detail::handle<hfx_job, hfx_job_free>, public job_calls<any_job> {
public:
    using handle::handle;
    const hfx_job* native_handle() const noexcept { return get(); }
};

// A job that is lent to its completion callback.
class job_view : public job_calls<job_view> {
public:
    explicit job_view(const hfx_job* raw) noexcept : raw_(raw) {}
    const hfx_job* native_handle() const noexcept { return raw_; }
    // The job, to keep it beyond the callback.
    returns<any_job> keep() const { return detail::give(detail::make<any_job>(hfx_job_clone, raw_)); }

private:
    const hfx_job* raw_;
};

using progress_fn = std::function<void(const progress_view&)>;
using done_fn = std::function<void(const job_view&)>;
using log_fn = std::function<void(log_level level, zstring_view room, zstring_view message)>;
// Is told which file a stream is of, before its first chunk; false stops the job with errc::callback.
using begun_fn = std::function<bool(const meta_view&)>;
// Gets a chunk of a file, in order; false stops the job with errc::callback.
using chunk_fn = std::function<bool(std::uint64_t offset, const_buffer chunk)>;
// Fills `into` from `offset` on and says how many bytes it put there; 0 is a failure, and so is a negative errno, which
// is then the error's os_error(). Called from several threads at once, for the same bytes more than once.
using read_fn = std::function<std::int64_t(std::uint64_t offset, buffer into)>;

namespace detail {

// The callbacks of a client or a job.
struct callbacks {
    progress_fn progress;
    done_fn done;
    std::shared_ptr<thrown> log; // what a log callback threw
};

// What a job's handle, its callbacks and its future share.
class job_state {
public:
    explicit job_state(progress_fn progress, done_fn done) : progress_(std::move(progress)), done_(std::move(done)) {}

    // Sets the callbacks of a job's own options; the library keeps the state alive until it needs them no more.
    static std::optional<error> arm(const std::shared_ptr<job_state>& state, hfx_options* own) {
        using user = user_data<std::shared_ptr<job_state>>;
        if (state->progress_) {
            const hfx_progress_fn on_progress = [](const hfx_job* job, const hfx_progress* now, void* data) {
                user::of(data)->progressed(job, now);
            };
            if (auto failure =
                    call(hfx_options_set_progress_fn, own, on_progress, user(state), &user::destroy)) {
                return failure;
            }
        }
        return call(hfx_options_set_done_fn, own, &on_done, user(state), &user::destroy);
    }
    // The same for a job that the library started by itself.
    static std::optional<error> arm(const std::shared_ptr<job_state>& state, const hfx_job* job) {
        using user = user_data<std::shared_ptr<job_state>>;
        return call(hfx_job_on_done, job, &on_done, user(state), &user::destroy);
    }

    // Waits until the host's callbacks have returned: what they throw belongs to the result.
    void settle() {
        if (progress_ || done_) {
            std::unique_lock<std::mutex> lock(mutex_);
            all_ended_.wait(lock, [&] { return ended_; });
        }
    }

    // Calls `then` when the job has ended and its completion callback has returned: now, or later.
    void finally(std::function<void()> then) {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!ended_) {
                then_.push_back(std::move(then));
                return;
            }
        }
        then();
    }

    // What a callback of the job threw; of a commit's readers, when they made it fail.
    std::exception_ptr take_thrown(const hfx_job* job) {
        if (auto own = thrown_.take()) {
            return own;
        }
        return readers_ && hfx_job_check(job, nullptr) != HFX_OK ? readers_->take() : nullptr;
    }

    thrown& guard() noexcept { return thrown_; }
    void reads_with(std::shared_ptr<thrown> readers) { readers_ = std::move(readers); }

private:
    static void on_done(const hfx_job* job, void* data) {
        user_data<std::shared_ptr<job_state>>::of(data)->ended(job);
    }
    void progressed(const hfx_job* job, const hfx_progress* now) noexcept {
        if (thrown_.guard([&] { progress_(progress_view(now)); })) {
            return;
        }
        hfx_job_cancel(job);
    }

    void ended(const hfx_job* job) noexcept {
        if (done_) {
            thrown_.guard([&] { done_(job_view(job)); });
        }
        std::vector<std::function<void()>> then;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            ended_ = true;
            then.swap(then_);
            all_ended_.notify_all();
        }
        for (const auto& each : then) {
            thrown_.guard(each); // out of memory: its promise is broken, which the future tells
        }
    }

    const progress_fn progress_;
    const done_fn done_;
    thrown thrown_;
    std::shared_ptr<thrown> readers_; // set before the job is handed out
    std::mutex mutex_;
    std::condition_variable all_ended_;
    bool ended_ = false;
    std::vector<std::function<void()>> then_;
};

// The result with what callbacks threw, into a promise.
template <class T>
void fulfil(std::promise<returns<T>>& promise, job_state& state, const hfx_job* job) {
    const auto exception = state.take_thrown(job);
#if HFX_HPP_THROWS
    auto made = take<T>(job);
    if (exception) {
        promise.set_exception(exception);
    } else if (!made) {
        promise.set_exception(std::make_exception_ptr(made.error()));
    } else if constexpr (std::is_void_v<T>) {
        promise.set_value();
    } else {
        promise.set_value(*std::move(made));
    }
#else
    auto failure = again(exception);
    promise.set_value(failure ? result<T>(*std::move(failure)) : take<T>(job));
#endif
}

} // namespace detail

// A job whose result is a T. Its result is taken once: by get, by the future, or by take in a callback.
template <class T>
class job : public job_calls<job<T>> {
public:
    using raw_type = hfx_job;

    job(job&&) noexcept = default;
    job& operator=(job&& other) noexcept {
        let_go();
        job_ = std::move(other.job_);
        state_ = std::move(other.state_);
        borrows_ = other.borrows_;
        return *this;
    }
    ~job() { let_go(); }

    // The C handle, lent: for what has no function here.
    const hfx_job* native_handle() const noexcept { return job_.get(); }

    // Waits until it has ended. Not inside a callback: errc::would_deadlock.
    returns<void> wait() const { return detail::give(waited()); }
    // Whether it has ended within that time.
    template <class Rep, class Period>
    returns<bool> wait_for(std::chrono::duration<Rep, Period> time) const {
        std::int32_t over = 0;
        auto failure = detail::call(hfx_job_wait, native_handle(), detail::milliseconds(time), &over);
        return detail::give(failure ? result<bool>(*std::move(failure)) : result<bool>(over != 0));
    }
    // Waits for its end and for its callbacks, and takes the result.
    returns<T> get() const {
        auto failure = waited();
        if (!failure) {
            state_->settle();
            failure = detail::again(state_->take_thrown(native_handle()));
        }
        return detail::give(failure ? result<T>(*std::move(failure)) : detail::take<T>(native_handle()));
    }
    // The result as a future, which takes it.
    std::future<returns<T>> future() const {
        auto promise = std::make_shared<std::promise<returns<T>>>();
        auto later = promise->get_future();
        // The state holds this until the end, and this the handle: the end lets go of both.
        state_->finally([promise, shared = job_, state = std::weak_ptr<detail::job_state>(state_)] {
            if (const auto alive = state.lock()) {
                detail::fulfil<T>(*promise, *alive, shared.get());
            }
        });
        return later;
    }

private:
    friend class client;
    friend class schedule;

    job(hfx_job* raw, std::shared_ptr<detail::job_state> state, bool borrows)
        : job_(raw, hfx_job_free), state_(std::move(state)), borrows_(borrows) {
    }
    std::optional<error> waited() const {
        std::int32_t* const over = nullptr;
        return detail::call(hfx_job_wait, native_handle(), std::int64_t{-1}, over);
    }
    void let_go() noexcept {
        if (borrows_ && job_) {
            hfx_job_cancel(job_.get());
            hfx_job_wait(job_.get(), -1, nullptr, nullptr);
        }
        job_.reset();
    }

    std::shared_ptr<hfx_job> job_;
    std::shared_ptr<detail::job_state> state_;
    bool borrows_; // the library writes into memory of the caller
};

// ------------------------------------------------------------------------------------------------------------ options

// One row of the table of options.
class option {
public:
    explicit option(const hfx_option* raw) noexcept : raw_(raw) {}

    static std::optional<option> find(const std::string& name) {
        const hfx_option* raw = hfx_option_by_name(name.c_str());
        return raw ? std::optional<option>(raw) : std::nullopt;
    }
    const hfx_option* get() const noexcept { return raw_; }
    std::int32_t id() const noexcept { return hfx_option_id(raw_); }
    zstring_view name() const noexcept { return hfx_option_name(raw_); }
    zstring_view doc() const noexcept { return hfx_option_doc(raw_); }
    zstring_view default_text() const noexcept { return hfx_option_default(raw_); }
    option_type type() const noexcept { return static_cast<option_type>(hfx_option_type(raw_)); }
    bool per_job() const noexcept { return hfx_option_per_job(raw_) != 0; }
    // The least and greatest number.
    std::pair<std::int64_t, std::int64_t> bounds() const noexcept {
        std::pair<std::int64_t, std::int64_t> both{0, 0};
        hfx_option_bounds(raw_, &both.first, &both.second);
        return both;
    }
    std::vector<std::string> env() const {
        return detail::texts([&](std::size_t at) { return hfx_option_env(raw_, at); });
    }
    std::vector<std::string> choices() const {
        return detail::texts([&](std::size_t at) { return hfx_option_choice(raw_, at); });
    }

private:
    const hfx_option* raw_;
};

// All options: a range of option.
class option_table : public detail::indexed<option_table> {
public:
    std::size_t size() const noexcept { return hfx_option_count(); }
    option operator[](std::size_t index) const noexcept { return option(hfx_option_at(index)); }
};

// A set of options, for a client or over a client's for one job. hfx.h says at HFX_OPT_* what each is.
//
//     hfx::options().offline(true).cache_dir("/models").on_progress(show)
class options : public detail::handle<hfx_options, hfx_options_free>, public detail::builder {
    using text = std::string_view;
    using ms = std::chrono::milliseconds;

public:
    options() {
        hfx_options* raw = nullptr;
        note(detail::call(hfx_options_new, &raw));
        static_cast<handle&>(*this) = handle(raw);
    }
    explicit options(hfx_options* raw) noexcept : handle(raw) {}

    // From the environment of the process, as the Python client reads it.
    static returns<options> from_env() { return detail::give(detail::make<options>(hfx_options_from_env)); }
    // The same, from variables that the host names.
    static returns<options> from_vars(const std::vector<std::pair<std::string, std::string>>& vars) {
        std::vector<const char*> names;
        std::vector<const char*> values;
        for (const auto& [name, value] : vars) {
            names.push_back(name.c_str());
            values.push_back(value.c_str());
        }
        return detail::give(detail::make<options>(hfx_options_from_vars, names.data(), values.data(), vars.size()));
    }
    // A copy, callbacks included.
    returns<options> clone() const {
        auto copy = detail::make<options>(hfx_options_clone, *this);
        if (copy) {
            static_cast<builder&>(*copy) = *this;
            copy->callbacks_ = callbacks_;
        }
        return detail::give(std::move(copy));
    }

// Each setter twice: for a variable, and for a temporary, whose chain can be moved into a variable.
#define HFX_OPTION_(name, ID, type, convert)                                                                           \
    options& name(type value)& { return convert(ID, value), *this; }                                                   \
    options&& name(type value)&& { return convert(ID, value), std::move(*this); }
#define HFX_TEXT_(name, ID) HFX_OPTION_(name, HFX_OPT_##ID, text, put_string)
#define HFX_BOOL_(name, ID) HFX_OPTION_(name, HFX_OPT_##ID, bool, put_bool)
#define HFX_INT_(name, ID) HFX_OPTION_(name, HFX_OPT_##ID, std::int64_t, put_int)
#define HFX_TIME_(name, ID) HFX_OPTION_(name, HFX_OPT_##ID, ms, put_time)
    HFX_TEXT_(endpoint, ENDPOINT)
    HFX_TEXT_(token, TOKEN)
    HFX_TEXT_(cache_dir, CACHE_DIR)
    HFX_TEXT_(assets_dir, ASSETS_DIR)
    HFX_TEXT_(user_agent, USER_AGENT)
    HFX_BOOL_(offline, OFFLINE)
    HFX_INT_(max_connections, MAX_CONNECTIONS)
    HFX_INT_(memory_budget, MEMORY_BUDGET)
    HFX_INT_(max_bytes_per_second, MAX_BYTES_PER_SECOND)
    HFX_TIME_(connect_timeout, CONNECT_TIMEOUT_MS)
    HFX_TIME_(head_timeout, HEAD_TIMEOUT_MS)
    HFX_TIME_(work_timeout, WORK_TIMEOUT_MS)
    HFX_TIME_(stall_timeout, STALL_TIMEOUT_MS)
    HFX_TIME_(retry_timeout, RETRY_TIMEOUT_MS)
    HFX_INT_(part_size, PART_SIZE)
    HFX_TEXT_(durability, DURABILITY)
    HFX_TEXT_(sink, SINK)
    HFX_BOOL_(require_hash, REQUIRE_HASH)
    HFX_BOOL_(fail_fast, FAIL_FAST)
    HFX_TEXT_(http_proxy, HTTP_PROXY)
    HFX_TEXT_(https_proxy, HTTPS_PROXY)
    HFX_TEXT_(no_proxy, NO_PROXY)
    HFX_TEXT_(ca_file, CA_FILE)
    HFX_TEXT_(ca_dir, CA_DIR)
    HFX_BOOL_(symlinks, SYMLINKS)
    HFX_TIME_(lock_timeout, LOCK_TIMEOUT_MS)
    HFX_BOOL_(allow_http_token, ALLOW_HTTP_TOKEN)
    HFX_INT_(threads, THREADS)
    HFX_TEXT_(add_header, HEADERS)
    HFX_BOOL_(local_files_only, LOCAL_FILES_ONLY)
    HFX_BOOL_(pin, PIN)
    HFX_BOOL_(force, FORCE)
    HFX_BOOL_(dry_run, DRY_RUN)
    HFX_TEXT_(local_dir, LOCAL_DIR)
    HFX_TEXT_(add_include, INCLUDE)
    HFX_TEXT_(add_exclude, EXCLUDE)
    HFX_INT_(max_workers, MAX_WORKERS)
    HFX_TEXT_(sha256, SHA256)
    HFX_BOOL_(resume, RESUME)
    HFX_TEXT_(commit_message, COMMIT_MESSAGE)
    HFX_TEXT_(commit_description, COMMIT_DESCRIPTION)
    HFX_TEXT_(parent_commit, PARENT_COMMIT)
    HFX_BOOL_(create_pr, CREATE_PR)
    HFX_TEXT_(add_delete, DELETE)
    HFX_TEXT_(commits, COMMITS)
    HFX_TEXT_(source, SOURCE)
    HFX_TEXT_(state_dir, STATE_DIR)
    HFX_INT_(sequence, SEQUENCE)
    HFX_BOOL_(exist_ok, EXIST_OK)
    HFX_BOOL_(missing_ok, MISSING_OK)
    HFX_TEXT_(visibility, VISIBILITY)
    HFX_TEXT_(space_sdk, SPACE_SDK)
    HFX_TEXT_(gated, GATED)
    HFX_TEXT_(if_match, IF_MATCH)
    HFX_TEXT_(add_file, FILES)
    // Called with the progress of each job of these options; for a client's, of several jobs at once.
    HFX_OPTION_(on_progress, 0, progress_fn, put_progress)
    // Called once when a job of these options has ended.
    HFX_OPTION_(on_done, 0, done_fn, put_done)
#undef HFX_TEXT_
#undef HFX_BOOL_
#undef HFX_INT_
#undef HFX_TIME_
#undef HFX_OPTION_

    // By number or name, for options that are newer than this header.
    options& set_string(std::int32_t id, text value) { return put_string(id, value), *this; }
    options& set_int(std::int32_t id, std::int64_t value) { return put_int(id, value), *this; }
    options& set_bool(std::int32_t id, bool value) { return put_bool(id, value), *this; }
    options& set(text name, text value) {
        note(detail::call(hfx_options_set_by_name, *this, detail::text(name), detail::text(value)));
        return *this;
    }
    // A list as a whole; with a job, an empty one lifts the client's.
    options& set_strings(std::int32_t id, const std::vector<std::string>& values) {
        note(detail::call(hfx_options_set_strings, *this, id, detail::text_list(values), values.size()));
        return *this;
    }
    options& unset(text name) {
        note(detail::call(hfx_options_unset_by_name, *this, detail::text(name)));
        return *this;
    }
    options& unset(std::int32_t id) {
        note(detail::call(hfx_options_unset, *this, id));
        return *this;
    }
    // What an option holds, as text; a secret shows as "***".
    returns<std::string> value(std::int32_t id) const {
        const char* held = nullptr;
        auto failure = detail::call(hfx_options_get, *this, id, &held);
        return detail::give(failure ? result<std::string>(*std::move(failure)) : result<std::string>(held));
    }
    // What a client of these options tells of its work, from many threads at once. Must return soon.
    options& on_log(log_level level, log_fn callback) & { return put_log(level, std::move(callback)), *this; }
    options&& on_log(log_level level, log_fn callback) && {
        return put_log(level, std::move(callback)), std::move(*this);
    }

    const detail::callbacks& callbacks() const noexcept { return callbacks_; }

private:
    void put_string(std::int32_t id, text value) {
        note(detail::call(hfx_options_set_string, *this, id, detail::text(value)));
    }
    void put_int(std::int32_t id, std::int64_t value) { note(detail::call(hfx_options_set_int, *this, id, value)); }
    void put_bool(std::int32_t id, bool value) {
        note(detail::call(hfx_options_set_bool, *this, id, std::int32_t{value}));
    }
    void put_time(std::int32_t id, ms value) { put_int(id, value.count()); }
    void put_progress(std::int32_t, progress_fn& callback) { callbacks_.progress = std::move(callback); }
    void put_done(std::int32_t, done_fn& callback) { callbacks_.done = std::move(callback); }
    void put_log(log_level level, log_fn callback) {
        struct log {
            log_fn callback;
            std::shared_ptr<detail::thrown> thrown;
        };
        using user = detail::user_data<log>;
        callbacks_.log = std::make_shared<detail::thrown>();
        const hfx_log_fn forward = [](std::int32_t at, const char* room, const char* message, void* data) {
            auto& self = user::of(data);
            self.thrown->guard([&] { self.callback(static_cast<log_level>(at), room, message); });
        };
        const hfx_log_fn none = nullptr;
        const hfx_log_fn chosen = callback ? forward : none;
        note(detail::call(hfx_options_set_log_fn, *this, static_cast<std::int32_t>(level), chosen,
                          user(log{std::move(callback), callbacks_.log}), &user::destroy));
    }

    detail::callbacks callbacks_;
};

// --------------------------------------------------------------------------------------------------- repo, commit, ...

// A repository's name, with the revision that is meant; an empty revision is the main branch. Makes no request.
class repo : public detail::handle<hfx_repo, hfx_repo_free> {
public:
    using handle::handle;

    static returns<repo> make(repo_kind kind, std::string_view id, std::string_view revision = {}) {
        return detail::give(detail::make<repo>(hfx_repo_new, static_cast<std::int32_t>(kind), detail::text(id),
                                               detail::optional(revision)));
    }
    static returns<repo> model(std::string_view id, std::string_view revision = {}) {
        return make(repo_kind::model, id, revision);
    }
    static returns<repo> dataset(std::string_view id, std::string_view revision = {}) {
        return make(repo_kind::dataset, id, revision);
    }
    static returns<repo> space(std::string_view id, std::string_view revision = {}) {
        return make(repo_kind::space, id, revision);
    }
    // From "owner/name", "hf://datasets/owner/name@revision/path" or a web address on the Hub.
    static returns<repo> parse(std::string_view from) {
        return detail::give(detail::make<repo>(hfx_repo_parse, detail::text(from)));
    }
    repo_kind kind() const noexcept { return static_cast<repo_kind>(hfx_repo_kind(get())); }
    zstring_view id() const noexcept { return hfx_repo_id(get()); }
    zstring_view revision() const noexcept { return hfx_repo_revision(get()); }
    zstring_view path() const noexcept { return hfx_repo_path(get()); }
};

// The operations of a commit to come; client::commit makes it. A builder, for one thread at a time.
class commit : public detail::handle<hfx_commit, hfx_commit_free>, public detail::builder {
    using text = std::string_view;

public:
    commit() : thrown_(std::make_shared<detail::thrown>()) {
        hfx_commit* raw = nullptr;
        note(detail::call(hfx_commit_new, &raw));
        static_cast<handle&>(*this) = handle(raw);
    }

    commit& add_file(text path_in_repo, text file_path) {
        return add(hfx_commit_add_file, detail::text(path_in_repo), detail::text(file_path));
    }
    commit& add_bytes(text path_in_repo, const_buffer content) {
        const void* const from = content.data() ? content.data() : reinterpret_cast<const std::byte*>("");
        return add(hfx_commit_add_bytes, detail::text(path_in_repo), from, content.size());
    }
    commit& add_reader(text path_in_repo, std::uint64_t size, read_fn read) {
        struct reader {
            read_fn read;
            std::shared_ptr<detail::thrown> thrown;
        };
        using user = detail::user_data<reader>;
        const hfx_read_fn on_read = [](std::uint64_t offset, void* into, std::size_t length, void* data) {
            auto& self = user::of(data);
            std::int64_t count = -EIO;
            self.thrown->guard([&] { count = self.read(offset, buffer(into, length)); });
            return count;
        };
        return add(hfx_commit_add_reader, detail::text(path_in_repo), size, on_read,
                   user(reader{std::move(read), thrown_}), &user::destroy);
    }
    // Content that the repository's LFS server holds already, as preupload() sent it.
    commit& add_lfs(text path_in_repo, text oid, std::uint64_t size) {
        return add(hfx_commit_add_lfs, detail::text(path_in_repo), detail::text(oid), size);
    }
    commit& delete_file(text path_in_repo) { return add(hfx_commit_delete_file, detail::text(path_in_repo)); }
    commit& delete_folder(text path_in_repo) { return add(hfx_commit_delete_folder, detail::text(path_in_repo)); }
    // Copies within the repository that is committed to.
    commit& copy_file(text from_path, text path_in_repo) {
        const hfx_repo* const here = nullptr;
        return add(hfx_commit_copy_file, here, detail::text(from_path), detail::text(path_in_repo));
    }
    commit& copy_file(const repo& from, text from_path, text path_in_repo) {
        return add(hfx_commit_copy_file, from, detail::text(from_path), detail::text(path_in_repo));
    }
    // How many operations it has; 0 while a job works on it.
    std::size_t size() const noexcept { return hfx_commit_count(get()); }

private:
    friend class client;

    template <class Function, class... In>
    commit& add(Function* function, const In&... in) {
        note(detail::call(function, *this, in...));
        return *this;
    }

    std::shared_ptr<detail::thrown> thrown_;
};

// A folder that is committed again and again, in the background.
class schedule {
public:
    // Keeps the schedule from looking at the folder while it lives.
    class guard {
    public:
        guard(guard&&) noexcept = default;
        guard& operator=(guard&&) = delete;

    private:
        friend class schedule;
        struct unlocker {
            // Fails only when it is not locked, and it is.
            void operator()(const hfx_schedule* locked) const noexcept { hfx_schedule_unlock(locked, nullptr); }
        };
        explicit guard(const hfx_schedule* locked) noexcept : locked_(locked) {}
        std::unique_ptr<const hfx_schedule, unlocker> locked_;
    };

    // Hold it while you write what belongs together. The schedule must outlive it.
    returns<guard> lock(std::chrono::milliseconds time = std::chrono::milliseconds(-1)) const {
        if (auto failure = detail::call(hfx_schedule_lock, handle_, static_cast<std::int64_t>(time.count()))) {
            return detail::give(result<guard>(*std::move(failure)));
        }
        return detail::give(result<guard>(guard(handle_.get())));
    }
    // Asks for a commit now: the job ends with it, and a cancel of the job changes nothing about it.
    returns<hfx::job<committed>> trigger() const {
        hfx_job* raw = nullptr;
        auto failure = detail::call(hfx_schedule_trigger, handle_, &raw);
        if (failure) {
            return detail::give(result<hfx::job<committed>>(*std::move(failure)));
        }
        auto state = std::make_shared<detail::job_state>(nullptr, nullptr);
        hfx::job<committed> made(raw, state, false);
        failure = detail::job_state::arm(state, raw);
        return detail::give(failure ? result<hfx::job<committed>>(*std::move(failure))
                                    : result<hfx::job<committed>>(std::move(made)));
    }
    // Asks for the last commit, with which the job ends.
    returns<void> stop() const { return detail::give(detail::call(hfx_schedule_stop, handle_)); }
    const hfx::job<committed>& job() const noexcept { return job_; }

private:
    friend class client;
    using handle = detail::handle<hfx_schedule, hfx_schedule_free>;

    schedule(hfx_schedule* raw, hfx::job<committed> job) : handle_(raw), job_(std::move(job)) {}

    handle handle_;
    hfx::job<committed> job_;
};

// -------------------------------------------------------------------------------------------------------------- cache

struct cached_file {
    zstring_view name;
    std::uint64_t size;
};

// A revision of a repository in a cache, and a range of its cached_file. Lent by the cache.
class cached_revision : public detail::indexed<cached_revision> {
public:
    cached_revision(const hfx_cache* cache, std::size_t repo, std::size_t at) : cache_(cache), repo_(repo), at_(at) {}

    zstring_view commit() const noexcept { return hfx_cache_revision_commit(cache_, repo_, at_); }
    zstring_view path() const noexcept { return hfx_cache_revision_path(cache_, repo_, at_); }
    std::uint64_t bytes() const noexcept { return hfx_cache_revision_size(cache_, repo_, at_); }
    // The refs that lead to it; one without any is detached.
    std::vector<std::string> refs() const {
        return detail::texts([&](std::size_t ref) { return hfx_cache_revision_ref(cache_, repo_, at_, ref); });
    }
    std::size_t size() const noexcept { return hfx_cache_file_count(cache_, repo_, at_); }
    cached_file operator[](std::size_t index) const noexcept {
        return {hfx_cache_file_name(cache_, repo_, at_, index), hfx_cache_file_size(cache_, repo_, at_, index)};
    }

private:
    const hfx_cache* cache_;
    std::size_t repo_;
    std::size_t at_;
};

// A repository in a cache, and a range of its cached_revision. Lent by the cache.
class cached_repo : public detail::indexed<cached_repo> {
public:
    cached_repo(const hfx_cache* cache, std::size_t at) : cache_(cache), at_(at) {}

    zstring_view id() const noexcept { return hfx_cache_repo_id(cache_, at_); }
    zstring_view path() const noexcept { return hfx_cache_repo_path(cache_, at_); }
    repo_kind kind() const noexcept { return static_cast<repo_kind>(hfx_cache_repo_kind(cache_, at_)); }
    std::uint64_t bytes() const noexcept { return hfx_cache_repo_size(cache_, at_); }
    std::chrono::system_clock::time_point last_used() const {
        const std::chrono::milliseconds since(hfx_cache_repo_last_used_ms(cache_, at_));
        return std::chrono::system_clock::time_point(
            std::chrono::duration_cast<std::chrono::system_clock::duration>(since));
    }
    std::size_t size() const noexcept { return hfx_cache_revision_count(cache_, at_); }
    cached_revision operator[](std::size_t index) const { return {cache_, at_, index}; }

private:
    const hfx_cache* cache_;
    std::size_t at_;
};

// What will be deleted from a cache; nothing is until client::delete_cached().
class deletion : public detail::handle<hfx_deletion, hfx_deletion_free> {
public:
    using handle::handle;

    std::uint64_t bytes() const noexcept { return hfx_deletion_freed(get()); }
};

// A cache as it was when it was looked over: a range of cached_repo.
class cache : public detail::handle<hfx_cache, hfx_cache_free>, public detail::indexed<cache> {
public:
    using handle::handle;
    static constexpr auto take = hfx_job_take_cache;

    zstring_view path() const noexcept { return hfx_cache_path(get()); }
    std::uint64_t bytes() const noexcept { return hfx_cache_size(get()); }
    std::vector<std::string> warnings() const {
        return detail::texts([&](std::size_t at) { return hfx_cache_warning(get(), at); });
    }
    std::size_t size() const noexcept { return hfx_cache_repo_count(get()); }
    cached_repo operator[](std::size_t index) const { return {get(), index}; }

    // Plans the deletion of revisions by their commits.
    returns<deletion> delete_revisions(const std::vector<std::string>& commits) const {
        return detail::give(detail::make<deletion>(hfx_cache_delete_revisions, get(), detail::text_list(commits),
                                                   commits.size()));
    }
    returns<deletion> delete_repo(repo_kind kind, std::string_view id) const {
        return detail::give(detail::make<deletion>(hfx_cache_delete_repo, get(), static_cast<std::int32_t>(kind),
                                                   detail::text(id)));
    }
    // Plans a clean-up: revisions that no ref leads to, and unfinished downloads that nobody is at.
    returns<deletion> prune() const { return detail::give(detail::make<deletion>(hfx_cache_prune, get())); }
};

// ------------------------------------------------------------------------------------------------------------- client

namespace detail {

// A client ends with its handle: no callback runs when the destructor has returned.
inline void close_client(hfx_client* client) noexcept {
    // Refused in a callback or a forked child only: then freeing lets go without waiting.
    hfx_client_close(client, -1, nullptr);
    hfx_client_free(client);
}

} // namespace detail

// A client. It owns threads, connections and budgets, which all its jobs share. May be used from many threads.
class client : public detail::handle<hfx_client, detail::close_client> {
    using text = std::string_view;
    template <class T>
    using starts = returns<job<T>>;

public:
    explicit client(hfx_client* raw) noexcept : handle(raw) {}

    static returns<client> open(const options& with = {}) {
        if (with.failure()) {
            return detail::give(result<client>(*with.failure()));
        }
        auto made = detail::make<client>(hfx_client_open, with);
        if (made) {
            made->callbacks_ = with.callbacks();
        }
        return detail::give(std::move(made));
    }

    // Cancels all jobs and waits until every thread has ended.
    returns<void> close() const {
        auto failure = detail::call(hfx_client_close, get(), std::int64_t{-1});
        if (!failure && callbacks_.log) {
            failure = detail::again(callbacks_.log->take());
        }
        return detail::give(std::move(failure));
    }
    // The same with a bound: whether it has closed. Callable again.
    template <class Rep, class Period>
    returns<bool> close_for(std::chrono::duration<Rep, Period> time) const {
        auto failure = detail::call(hfx_client_close, get(), detail::milliseconds(time));
        if (failure && failure->code() == errc::timeout) {
            return detail::give(result<bool>(false));
        }
        if (!failure && callbacks_.log) {
            failure = detail::again(callbacks_.log->take());
        }
        return detail::give(failure ? result<bool>(*std::move(failure)) : result<bool>(true));
    }

    returns<void> set_max_connections(std::int64_t most) const {
        return detail::give(detail::call(hfx_client_set_max_connections, get(), most));
    }
    returns<void> set_max_rate(std::int64_t bytes_per_second) const {
        return detail::give(detail::call(hfx_client_set_max_rate, get(), bytes_per_second));
    }

    // The descriptor for poll, epoll or kqueue: readable while next_job has something. Ask for it before starting jobs.
    returns<int> event_fd() const {
        std::int32_t fd = -1;
        auto failure = detail::call(hfx_client_event_fd, get(), &fd);
        return detail::give(failure ? result<int>(*std::move(failure)) : result<int>(fd));
    }
    // The next job that has ended, by its id(); none when there is none.
    returns<std::optional<any_job>> next_job() const {
        using maybe = std::optional<any_job>;
        hfx_job* raw = nullptr;
        auto failure = detail::call(hfx_client_next_job, get(), &raw);
        if (failure) {
            return detail::give(result<maybe>(*std::move(failure)));
        }
        return detail::give(result<maybe>(raw ? maybe(any_job(raw)) : std::nullopt));
    }

    // What the cache knows of a file, without network.
    returns<lookup_result> lookup(const repo& in, text file_path, const options& with = {}) const {
        std::int32_t state = 0;
        hfx_file* found = nullptr;
        if (auto failure = detail::call(hfx_client_lookup, get(), in, detail::text(file_path), with, &state, &found)) {
            return detail::give(result<lookup_result>(*std::move(failure)));
        }
        lookup_result is{static_cast<lookup_state>(state), std::nullopt};
        if (found) {
            is.file = file(found);
        }
        return detail::give(result<lookup_result>(std::move(is)));
    }

    // Downloads
    starts<file> download_file(const repo& from, text file_path, const options& with = {}) const {
        return start<file>(with, hfx_client_download_file, from, detail::text(file_path));
    }
    // With errc::incomplete, take<outcomes>() of the job has what there is, and says how each file ended.
    starts<snapshot> download_snapshot(const repo& from, const options& with = {}) const {
        return start<snapshot>(with, hfx_client_download_snapshot, from);
    }
    starts<file> download_url(text url, text to_path, const options& with = {}) const {
        return start<file>(with, hfx_client_download_url, detail::text(url), detail::text(to_path));
    }

    // Reads, without the disk
    starts<bytes> read_file(const repo& from, text file_path, byte_range range = {}, const options& with = {}) const {
        return start<bytes>(with, hfx_client_read_file, from, detail::text(file_path), range.offset, range.length);
    }
    starts<bytes> read_url(text url, byte_range range = {}, const options& with = {}) const {
        return start<bytes>(with, hfx_client_read_url, detail::text(url), range.offset, range.length);
    }
    // Into memory of the caller, which must not be touched while the job lives and has not ended.
    starts<bytes> read_file_into(buffer into, const repo& from, text file_path, byte_range range = {},
                                 const options& with = {}) const {
        void* const memory = into.data();
        return give(begin<bytes>(true, nullptr, with, hfx_client_read_file_into, from, detail::text(file_path),
                                 range.offset, range.length, memory, into.size()));
    }
    starts<bytes> read_url_into(buffer into, text url, byte_range range = {}, const options& with = {}) const {
        void* const memory = into.data();
        return give(begin<bytes>(true, nullptr, with, hfx_client_read_url_into, detail::text(url), range.offset,
                                 range.length, memory, into.size()));
    }
    // Hands the bytes in their order to `chunk(offset, const_buffer)`, which may return false to stop; `begun` is called
    // before the first of them.
    template <class Chunk>
    starts<bytes> stream_file(const repo& from, text file_path, byte_range range, Chunk chunk,
                              const options& with = {}, begun_fn begun = nullptr) const {
        return stream(with, std::move(chunk), std::move(begun), hfx_client_stream_file, from, detail::text(file_path),
                      range.offset, range.length);
    }
    template <class Chunk>
    starts<bytes> stream_url(text url, byte_range range, Chunk chunk, const options& with = {},
                             begun_fn begun = nullptr) const {
        return stream(with, std::move(chunk), std::move(begun), hfx_client_stream_url, detail::text(url), range.offset,
                      range.length);
    }

    // Questions to the Hub
    starts<meta> file_meta(const repo& of, text file_path, const options& with = {}) const {
        return start<meta>(with, hfx_client_get_file_meta, of, detail::text(file_path));
    }
    starts<info> repo_info(const repo& of, const options& with = {}) const {
        return start<info>(with, hfx_client_get_repo_info, of);
    }
    starts<tree> list_files(const repo& of, text folder = {}, const options& with = {}) const {
        return start<tree>(with, hfx_client_list_files, of, detail::optional(folder));
    }
    starts<refs> list_refs(const repo& of, bool pull_requests = false, const options& with = {}) const {
        return start<refs>(with, hfx_client_list_refs, of, std::int32_t{pull_requests});
    }
    starts<hfx::commits> commits(const repo& of, std::size_t most = 0, const options& with = {}) const {
        return start<hfx::commits>(with, hfx_client_list_commits, of, most);
    }
    starts<reply> whoami(const options& with = {}) const { return start<reply>(with, hfx_client_whoami); }
    starts<void> auth_check(const repo& to, bool write = false, const options& with = {}) const {
        return start<void>(with, hfx_client_check_access, to, std::int32_t{write});
    }
    starts<bool> repo_exists(const repo& which, const options& with = {}) const {
        return start<bool>(with, hfx_client_has_repo, which);
    }
    starts<bool> file_exists(const repo& in, text file_path, const options& with = {}) const {
        return start<bool>(with, hfx_client_has_file, in, detail::text(file_path));
    }
    // Any call of the Hub's API: `target` as "/api/models?limit=5"; `json` may be empty.
    starts<reply> call(text method, text target, text json = {}, std::uint32_t pages = 1,
                       const options& with = {}) const {
        return start<reply>(with, hfx_client_call, detail::text(method), detail::text(target), detail::optional(json),
                            pages);
    }

    // Repositories
    starts<reply> repo_create(const repo& which, const options& with = {}) const {
        return start<reply>(with, hfx_client_create_repo, which);
    }
    starts<void> repo_delete(const repo& which, const options& with = {}) const {
        return start<void>(with, hfx_client_delete_repo, which);
    }
    starts<void> repo_move(const repo& from, const repo& to, const options& with = {}) const {
        return start<void>(with, hfx_client_move_repo, from, to);
    }
    starts<void> repo_settings(const repo& of, const options& with) const {
        return start<void>(with, hfx_client_update_repo, of);
    }
    starts<void> branch_create(const repo& of, text branch, const options& with = {}) const {
        return start<void>(with, hfx_client_create_branch, of, detail::text(branch));
    }
    starts<void> branch_delete(const repo& of, text branch, const options& with = {}) const {
        return start<void>(with, hfx_client_delete_branch, of, detail::text(branch));
    }
    starts<void> tag_create(const repo& of, text tag, text message = {}, const options& with = {}) const {
        return start<void>(with, hfx_client_create_tag, of, detail::text(tag), detail::optional(message));
    }
    starts<void> tag_delete(const repo& of, text tag, const options& with = {}) const {
        return start<void>(with, hfx_client_delete_tag, of, detail::text(tag));
    }
    // "/num", "/ref" and "/url" of the reply name it.
    starts<reply> pull_request_open(const repo& on, text title, text description = {},
                                    const options& with = {}) const {
        return start<reply>(with, hfx_client_open_pull_request, on, detail::text(title),
                            detail::optional(description));
    }

    // Uploads
    // The builder must not be used until the job has ended; then it is empty, or after a failure as it was.
    starts<committed> commit(const repo& to, hfx::commit& what, const options& with = {}) const {
        return commits_with(with, hfx_client_commit, to, what);
    }
    starts<committed> preupload(const repo& to, hfx::commit& what, const options& with = {}) const {
        return commits_with(with, hfx_client_preupload, to, what);
    }
    starts<committed> upload_file(const repo& to, text file_path, text path_in_repo, const options& with = {}) const {
        return start<committed>(with, hfx_client_upload_file, to, detail::text(file_path),
                                detail::text(path_in_repo));
    }
    starts<committed> upload_folder(const repo& to, text folder_path, text path_in_repo = {},
                                    const options& with = {}) const {
        return start<committed>(with, hfx_client_upload_folder, to, detail::text(folder_path),
                                detail::optional(path_in_repo));
    }
    starts<parts> upload_url(text file_path, text url, const options& with = {}) const {
        return start<parts>(with, hfx_client_upload_url, detail::text(file_path), detail::text(url));
    }
    starts<parts> upload_parts(text file_path, const std::vector<std::string>& urls, std::uint64_t part_size,
                               const options& with = {}) const {
        return start<parts>(with, hfx_client_upload_parts, detail::text(file_path), detail::text_list(urls),
                            urls.size(), part_size);
    }
    // Commits what is new in a folder every so often, until stop().
    returns<schedule> schedule_folder(const repo& to, text folder_path, text path_in_repo,
                                      std::chrono::milliseconds every, const options& with = {}) const {
        hfx_schedule* raw = nullptr;
        const auto start_it = [&](const hfx_client* self, const hfx_repo* repo_raw, const char* folder,
                                  const char* path, std::int64_t ms, const hfx_options* own, hfx_job** out,
                                  hfx_error** err) {
            return hfx_client_schedule_folder(self, repo_raw, folder, path, ms, own, &raw, out, err);
        };
        auto begun = begin<committed>(false, nullptr, with, &start_it, to, detail::text(folder_path),
                                      detail::optional(path_in_repo), static_cast<std::int64_t>(every.count()));
        if (!begun) {
            return detail::give(result<schedule>(begun.error()));
        }
        return detail::give(result<schedule>(schedule(raw, *std::move(begun))));
    }

    // The cache
    starts<cache> scan_cache(const options& with = {}) const { return start<cache>(with, hfx_client_scan_cache); }
    // Does what was planned; progress().bytes_done() of the job are the bytes that were freed.
    starts<void> delete_cached(const deletion& plan, const options& with = {}) const {
        return start<void>(with, hfx_client_delete_cached, plan);
    }
    // Hashes the cached files of a repository and compares them with their names.
    starts<verification> verify_cache(const repo& of, const options& with = {}) const {
        return start<verification>(with, hfx_client_verify_cache, of);
    }
    // The folder where a library may keep its own assets beside the cache.
    returns<std::string> assets_path(text library, text name_space = {}, text subfolder = {}) const {
        using owned = detail::handle<hfx_string, hfx_string_free>;
        auto path = detail::make<owned>(hfx_client_assets_path, get(), detail::optional(library),
                                        detail::optional(name_space), detail::optional(subfolder));
        return detail::give(path ? result<std::string>(hfx_string_text(path->get()))
                                 : result<std::string>(path.error()));
    }

private:
    // Starts a job: its own options are a copy of `with`, and its callbacks those of the job, or else of the client.
    template <class T, class Function, class... In>
    result<job<T>> begin(bool borrows, std::shared_ptr<detail::job_state> state, const options& with,
                         Function* function, const In&... in) const {
        if (with.failure()) {
            return *with.failure();
        }
        if (!state) {
            state = make_state(with);
        }
        auto own = detail::make<detail::handle<hfx_options, hfx_options_free>>(hfx_options_clone, with);
        if (!own) {
            return own.error();
        }
        if (auto failure = detail::job_state::arm(state, own->get())) {
            return *std::move(failure);
        }
        hfx_job* raw = nullptr;
        if (auto failure = detail::call(function, get(), in..., *own, &raw)) {
            return *std::move(failure);
        }
        return job<T>(raw, std::move(state), borrows);
    }
    template <class T, class Function, class... In>
    starts<T> start(const options& with, Function* function, const In&... in) const {
        return detail::give(begin<T>(false, nullptr, with, function, in...));
    }
    template <class T>
    static starts<T> give(result<job<T>> begun) {
        return detail::give(std::move(begun));
    }

    template <class Chunk, class Function, class... In>
    starts<bytes> stream(const options& with, Chunk chunk, begun_fn begun, Function* function, const In&... in) const {
        struct sink {
            Chunk chunk;
            begun_fn begun;
            std::shared_ptr<detail::job_state> state;
        };
        using user = detail::user_data<sink>;
        const hfx_chunk_fn on_chunk = [](std::uint64_t offset, const void* data, std::size_t length, void* self_data) {
            auto& self = user::of(self_data);
            bool go_on = true;
            const bool returned = self.state->guard().guard([&] {
                if constexpr (std::is_void_v<std::invoke_result_t<Chunk&, std::uint64_t, const_buffer>>) {
                    self.chunk(offset, const_buffer(data, length));
                } else {
                    go_on = self.chunk(offset, const_buffer(data, length));
                }
            });
            return std::int32_t{returned && go_on ? HFX_CONTINUE : HFX_STOP};
        };
        const hfx_start_fn told = [](const hfx_meta* of, void* self_data) {
            auto& self = user::of(self_data);
            bool go_on = false;
            self.state->guard().guard([&] { go_on = self.begun(meta_view(of)); });
            return std::int32_t{go_on ? HFX_CONTINUE : HFX_STOP};
        };
        const hfx_start_fn on_begun = begun ? told : nullptr;
        auto state = make_state(with);
        return give(begin<bytes>(false, state, with, function, in..., on_begun, on_chunk,
                                 user(sink{std::move(chunk), std::move(begun), state}), &user::destroy));
    }

    template <class Function>
    starts<committed> commits_with(const options& with, Function* function, const repo& to, hfx::commit& what) const {
        if (what.failure()) {
            return give(result<job<committed>>(*what.failure()));
        }
        auto state = make_state(with);
        state->reads_with(what.thrown_);
        return give(begin<committed>(false, state, with, function, to, what));
    }

    std::shared_ptr<detail::job_state> make_state(const options& with) const {
        const auto& own = with.callbacks();
        return std::make_shared<detail::job_state>(own.progress ? own.progress : callbacks_.progress,
                                                   own.done ? own.done : callbacks_.done);
    }

    detail::callbacks callbacks_;
};

} // namespace throwing or returning
} // namespace hfx

#endif // HFX_HPP
