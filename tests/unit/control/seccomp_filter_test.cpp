// What a seccomp filter would say, by our interpreter of classic BPF.
#include "detail/seccomp_filter.hpp"

#include <doctest/doctest.h>
#include <linux/audit.h>
#include <sys/syscall.h>

#include <cstddef>
#include <random>
#include <vector>

using namespace tidemark::control::detail;

namespace {

using Program = std::vector<sock_filter>;

constexpr sock_filter statement(int code, std::uint32_t k) { return {static_cast<__u16>(code), 0, 0, k}; }
constexpr sock_filter jump(int code, std::uint32_t k, std::uint8_t yes, std::uint8_t no) {
  return {static_cast<__u16>(code), yes, no, k};
}
constexpr sock_filter load(std::size_t offset) {
  return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
constexpr sock_filter answer(std::uint32_t value) { return statement(BPF_RET | BPF_K, value); }

const sock_filter allow = answer(SECCOMP_RET_ALLOW);
const sock_filter refuse = answer(SECCOMP_RET_ERRNO | 1);
constexpr std::size_t number = offsetof(seccomp_data, nr), first_argument = offsetof(seccomp_data, args);

seccomp_data call(int nr, std::uint64_t argument = 0) {
  seccomp_data out{};
  out.nr = nr;
  out.arch = AUDIT_ARCH_X86_64;
  out.instruction_pointer = 0x7f00'1234'5678;
  out.args[0] = argument;
  return out;
}

bool allows(const Program& program, const seccomp_data& what) {
  const auto result = run_seccomp_filter(program, what);
  return result && lets_call_pass(*result);
}

/// The answer is the accumulator at the end.
std::optional<std::uint32_t> computed(Program program) {
  program.push_back(statement(BPF_RET | BPF_A, 0));
  return run_seccomp_filter(program, call(SYS_clone, 7));
}

}  // namespace

TEST_CASE("seccomp: one that allows all, one that denies clone") {
  CHECK(allows({allow}, call(SYS_clone)));
  const Program no_clone{load(number), jump(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 1), refuse, allow};
  CHECK_FALSE(allows(no_clone, call(SYS_clone)));
  CHECK(allows(no_clone, call(SYS_wait4)));
}

TEST_CASE("seccomp: one that looks at arguments, as systemd's RestrictNamespaces and glibc's callers meet it") {
  // clone with any of CLONE_NEW* is refused; the high half must be zero.
  const Program no_namespaces{load(offsetof(seccomp_data, arch)),
                              jump(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 5),
                              load(first_argument + 4),
                              jump(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3),
                              load(first_argument),
                              jump(BPF_JMP | BPF_JSET | BPF_K, 0x7e02'0000, 1, 0),
                              allow,
                              refuse};
  CHECK(allows(no_namespaces, call(SYS_clone, 0x8000'0600)));
  CHECK_FALSE(allows(no_namespaces, call(SYS_clone, 0x1000'0000)));
  CHECK_FALSE(allows(no_namespaces, call(SYS_clone, 0x1'0000'0000)));
  seccomp_data other = call(SYS_clone);
  other.arch = AUDIT_ARCH_I386;
  CHECK_FALSE(allows(no_namespaces, other));
  const Program by_pointer{load(offsetof(seccomp_data, instruction_pointer) + 4),
                           jump(BPF_JMP | BPF_JGE | BPF_K, 0x7f00, 0, 1), allow, refuse};
  CHECK(allows(by_pointer, call(SYS_clone)));
}

TEST_CASE("seccomp: which answers let a call pass") {
  CHECK(lets_call_pass(SECCOMP_RET_ALLOW));
  CHECK(lets_call_pass(SECCOMP_RET_LOG | 0x1234));
  for (const std::uint32_t other : {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
                                    SECCOMP_RET_ERRNO, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE, 0x7ffd'0000U}) {
    CHECK_FALSE(lets_call_pass(other));
  }
}

TEST_CASE("seccomp: arithmetic is the kernel's") {
  const auto with = [](int operation, std::uint32_t left, std::uint32_t right) {
    const auto by_constant =
        computed({statement(BPF_LD | BPF_IMM, left), statement(BPF_ALU | operation | BPF_K, right)});
    const auto by_index = computed({statement(BPF_LD | BPF_IMM, left), statement(BPF_LDX | BPF_IMM, right),
                                    statement(BPF_ALU | operation | BPF_X, 0)});
    CHECK(by_constant == by_index);
    return by_constant.value_or(0xdead);
  };
  CHECK(with(BPF_ADD, 0xffff'ffff, 2) == 1);
  CHECK(with(BPF_SUB, 1, 2) == 0xffff'ffff);
  CHECK(with(BPF_MUL, 0x1'0001, 0x1'0000) == 0x1'0000);
  CHECK(with(BPF_DIV, 7, 2) == 3);
  CHECK(with(BPF_AND, 6, 3) == 2);
  CHECK(with(BPF_OR, 6, 3) == 7);
  CHECK(with(BPF_XOR, 6, 3) == 5);
  CHECK(with(BPF_LSH, 1, 31) == 0x8000'0000);
  CHECK(with(BPF_RSH, 0x8000'0000, 31) == 1);
  CHECK(computed({statement(BPF_LD | BPF_IMM, 1), statement(BPF_ALU | BPF_NEG, 0)}) == 0xffff'ffff);
  CHECK(computed({statement(BPF_LD | BPF_W | BPF_LEN, 0)}) == 64);
  CHECK(computed({statement(BPF_LDX | BPF_W | BPF_LEN, 0), statement(BPF_MISC | BPF_TXA, 0)}) == 64);
  CHECK(computed({statement(BPF_LD | BPF_IMM, 9), statement(BPF_ST, 15), statement(BPF_LD | BPF_IMM, 0),
                  statement(BPF_LD | BPF_MEM, 15)}) == 9);
  CHECK(computed({statement(BPF_LD | BPF_IMM, 9), statement(BPF_MISC | BPF_TAX, 0), statement(BPF_STX, 0),
                  statement(BPF_LDX | BPF_MEM, 0), statement(BPF_MISC | BPF_TXA, 0)}) == 9);
  CHECK(computed({load(first_argument)}) == 7);
}

TEST_CASE("seccomp: comparisons by X, and long jumps") {
  const auto taken = [](int operation, std::uint32_t left, std::uint32_t right) {
    return computed({statement(BPF_LD | BPF_IMM, left), statement(BPF_LDX | BPF_IMM, right),
                     jump(BPF_JMP | operation | BPF_X, 0, 0, 1), answer(1), answer(0)}) == 1;
  };
  CHECK(taken(BPF_JEQ, 3, 3));
  CHECK_FALSE(taken(BPF_JGT, 3, 3));
  CHECK(taken(BPF_JGE, 3, 3));
  CHECK(taken(BPF_JSET, 3, 2));
  Program far{statement(BPF_JMP | BPF_JA, 1000)};
  far.insert(far.end(), 1000, refuse);
  far.push_back(allow);
  CHECK(allows(far, call(SYS_clone)));
}

TEST_CASE("seccomp: a program that is cut off or that no kernel takes has no answer") {
  const auto call_ = call(SYS_clone);
  const std::vector<Program> bad{
      {},
      {load(number)},
      {load(64)},
      {load(2), allow},
      {load(0xffff'fffc), allow},
      {statement(BPF_LD | BPF_H | BPF_ABS, 0), allow},
      {statement(BPF_LD | BPF_W | BPF_IND, 0), allow},
      {statement(BPF_LDX | BPF_B | BPF_MSH, 0), allow},
      {statement(BPF_LD | BPF_MEM, 16), allow},
      {statement(BPF_ST, 0xffff'ffff), allow},
      {statement(BPF_ALU | BPF_DIV | BPF_K, 0), allow},
      {statement(BPF_ALU | BPF_DIV | BPF_X, 0), allow},
      {statement(BPF_ALU | BPF_MOD | BPF_K, 3), allow},
      {statement(BPF_ALU | BPF_LSH | BPF_K, 32), allow},
      {statement(BPF_JMP | BPF_JA, 0xffff'ffff), allow},
      {statement(BPF_JMP | BPF_JA, 1), allow},
      {jump(BPF_JMP | BPF_JEQ | BPF_K, 0, 255, 255), allow},
      {jump(BPF_JMP | 0x50, 0, 0, 0), allow},
      {statement(BPF_RET | BPF_X, 0)},
      {statement(0xffff, 0), allow},
      Program(max_filter_instructions + 1, allow),
  };
  for (std::size_t i = 0; i < bad.size(); ++i) {
    CAPTURE(i);
    CHECK_FALSE(run_seccomp_filter(bad[i], call_));
  }
}

TEST_CASE("seccomp: any bytes are a program that ends") {
  std::mt19937 random(20261128);
  std::size_t answers = 0;
  for (int i = 0; i < 20'000; ++i) {
    Program program(random() % 64);
    for (auto& step : program) {
      const bool any = random() % 8 == 0;
      step = {static_cast<__u16>(any ? random() : random() % 0xb8), static_cast<__u8>(random() % 8),
              static_cast<__u8>(random() % 8), static_cast<__u32>(random() % 4 == 0 ? random() : random() % 20)};
    }
    answers += run_seccomp_filter(program, call(SYS_clone, random())).has_value() ? 1 : 0;
  }
  CHECK(answers > 0);
}
