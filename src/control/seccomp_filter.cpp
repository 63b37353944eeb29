#include "detail/seccomp_filter.hpp"

#include <array>
#include <cstring>

namespace tidemark::control::detail {
namespace {

constexpr std::uint32_t word_bits = 32;

class Machine {
 public:
  explicit Machine(const seccomp_data& call) : call_(call) {}

  /// False: an instruction that no seccomp filter may have.
  bool load(const sock_filter& step) {
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (step.k >= sizeof call_ || step.k % sizeof accumulator_ != 0) return false;
        std::memcpy(&accumulator_, reinterpret_cast<const char*>(&call_) + step.k, sizeof accumulator_);
        return true;
      case BPF_LD | BPF_W | BPF_LEN:
        accumulator_ = sizeof call_;
        return true;
      case BPF_LDX | BPF_W | BPF_LEN:
        index_ = sizeof call_;
        return true;
      case BPF_LD | BPF_IMM:
        accumulator_ = step.k;
        return true;
      case BPF_LDX | BPF_IMM:
        index_ = step.k;
        return true;
      default:
        return move_word(step);
    }
  }

  bool calculate(const sock_filter& step) {
    if (step.code == (BPF_ALU | BPF_NEG)) {
      accumulator_ = 0U - accumulator_;
      return true;
    }
    const bool by_index = BPF_SRC(step.code) == BPF_X;
    const std::uint32_t operand = by_index ? index_ : step.k;
    if (step.code != (BPF_ALU | BPF_OP(step.code) | BPF_SRC(step.code))) return false;
    switch (BPF_OP(step.code)) {
      case BPF_ADD:
        accumulator_ += operand;
        return true;
      case BPF_SUB:
        accumulator_ -= operand;
        return true;
      case BPF_MUL:
        accumulator_ *= operand;
        return true;
      case BPF_AND:
        accumulator_ &= operand;
        return true;
      case BPF_OR:
        accumulator_ |= operand;
        return true;
      case BPF_XOR:
        accumulator_ ^= operand;
        return true;
      default:
        return divide_or_shift(BPF_OP(step.code), operand, by_index);
    }
  }

  /// How many instructions are left out; nullopt for what is no jump of a filter.
  [[nodiscard]] std::optional<std::uint32_t> jump(const sock_filter& step) const {
    if (step.code == (BPF_JMP | BPF_JA)) return step.k;
    if (step.code != (BPF_JMP | BPF_OP(step.code) | BPF_SRC(step.code))) return std::nullopt;
    const std::uint32_t operand = BPF_SRC(step.code) == BPF_X ? index_ : step.k;
    switch (BPF_OP(step.code)) {
      case BPF_JEQ:
        return accumulator_ == operand ? step.jt : step.jf;
      case BPF_JGE:
        return accumulator_ >= operand ? step.jt : step.jf;
      case BPF_JGT:
        return accumulator_ > operand ? step.jt : step.jf;
      case BPF_JSET:
        return (accumulator_ & operand) != 0 ? step.jt : step.jf;
      default:
        return std::nullopt;
    }
  }

  [[nodiscard]] std::uint32_t accumulator() const { return accumulator_; }

 private:
  bool move_word(const sock_filter& step) {
    if (step.code == (BPF_MISC | BPF_TAX)) return index_ = accumulator_, true;
    if (step.code == (BPF_MISC | BPF_TXA)) return accumulator_ = index_, true;
    if (step.k >= scratch_.size()) return false;
    std::uint32_t& word = scratch_[step.k];
    switch (step.code) {
      case BPF_LD | BPF_MEM:
        return accumulator_ = word, true;
      case BPF_LDX | BPF_MEM:
        return index_ = word, true;
      case BPF_ST:
        return word = accumulator_, true;
      case BPF_STX:
        return word = index_, true;
      default:
        return false;
    }
  }

  bool divide_or_shift(int operation, std::uint32_t operand, bool by_index) {
    const bool shifts = operation == BPF_LSH || operation == BPF_RSH;
    if (!shifts && operation != BPF_DIV) return false;
    if (!by_index && (shifts ? operand >= word_bits : operand == 0)) return false;
    if (!shifts) {
      // By an X of zero: the filter returns 0 (net/core/filter.c, bpf_convert_filter), which kills.
      if (operand == 0) return false;
      accumulator_ /= operand;
    } else {
      operand %= word_bits;
      accumulator_ = operation == BPF_LSH ? accumulator_ << operand : accumulator_ >> operand;
    }
    return true;
  }

  const seccomp_data& call_;
  std::uint32_t accumulator_ = 0, index_ = 0;
  std::array<std::uint32_t, BPF_MEMWORDS> scratch_{};
};

}  // namespace

std::optional<std::uint32_t> run_seccomp_filter(std::span<const sock_filter> program, const seccomp_data& call) {
  if (program.size() > max_filter_instructions) return std::nullopt;
  Machine machine(call);
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& step = program[at];
    if (step.code == (BPF_RET | BPF_K)) return step.k;
    if (step.code == (BPF_RET | BPF_A)) return machine.accumulator();
    if (BPF_CLASS(step.code) == BPF_JMP) {
      const auto left_out = machine.jump(step);
      if (!left_out) return std::nullopt;
      at += *left_out;  // 32 bits onto 64: no wrap
    } else if (BPF_CLASS(step.code) == BPF_ALU ? !machine.calculate(step) : !machine.load(step)) {
      return std::nullopt;
    }
  }
  return std::nullopt;  // it ends without an answer
}

bool lets_call_pass(std::uint32_t filter_result) {
  const std::uint32_t action = filter_result & SECCOMP_RET_ACTION_FULL;
  return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

}  // namespace tidemark::control::detail
