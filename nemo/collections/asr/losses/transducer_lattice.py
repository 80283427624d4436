"""The sum over all alignments of a transducer, forwards and backwards, for moves of any duration.

A lattice has the places (t, u): t frames are behind, u tokens are written. From each place one may `stay` (write
nothing) or `emit` (write the next token), and either may take some frames. RNN-T (Graves, 2012) stays for one frame and
emits for none; multi-blank (Xu et al., 2022) stays for several, TDT (Xu et al., 2023) does both for several. An
alignment goes from (0, 0) to (T, U); the last move is a stay.

The places of one anti-diagonal, t + u, depend only on earlier ones, so that a whole batch is computed diagonal by
diagonal. B batch, T frames, U tokens, P = U + 1 places, N = T + P diagonals, S and E numbers of durations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from nemo.collections.asr.losses.joint_scores import precise_type


def lattice_log_likelihood(
    stay: Tensor,
    emit: Tensor,
    stay_durations: Sequence[int],
    emit_durations: Sequence[int],
    frames: Tensor,
    tokens: Tensor,
) -> Tensor:
    """Log of the sum over all alignments; differentiable in `stay` and `emit`.

    Args:
        stay: [B, T, U + 1, S] log-probabilities of staying at a place, for each duration.
        emit: [B, T, U + 1, E] of writing the next token (the last place of U + 1 is not read).
        stay_durations: frames that each stay takes, at least 1.
        emit_durations: frames that each emission takes, at least 0.
        frames: [B] valid frames.
        tokens: [B] valid tokens.

    Returns:
        [B]; minus infinity where no alignment fits.
    """
    result: Tensor = _Lattice.apply(stay, emit, tuple(stay_durations), tuple(emit_durations), frames, tokens)
    return result


class _Lattice(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        stay: Tensor,
        emit: Tensor,
        stay_durations: tuple[int, ...],
        emit_durations: tuple[int, ...],
        frames: Tensor,
        tokens: Tensor,
    ) -> Tensor:
        lattice = _Diagonals(stay.detach(), emit.detach(), stay_durations, emit_durations, frames, tokens)
        total, after = lattice.backwards()
        if ctx.needs_input_grad[0] or ctx.needs_input_grad[1]:
            ctx.save_for_backward(*lattice.occupancies(lattice.forwards(), after, total))
        return total.to(stay.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        stay, emit = ctx.saved_tensors
        scale = grad[:, None, None, None]
        return stay * scale, emit * scale, None, None, None, None


class _Diagonals:
    """A batch of lattices with the diagonals as rows: `x[b, n, u]` belongs to the place (n - u, u)."""

    def __init__(
        self,
        stay: Tensor,
        emit: Tensor,
        stay_durations: tuple[int, ...],
        emit_durations: tuple[int, ...],
        frames: Tensor,
        tokens: Tensor,
    ) -> None:
        self.batch, self.frames_of_all, self.places, _ = stay.shape
        self.durations = [*stay_durations, *emit_durations]
        self.stays = len(stay_durations)
        # a stay leads `d` diagonals on, at the same place of the row; an emission d + 1, one place to the right
        self.steps = [*stay_durations, *(duration + 1 for duration in emit_durations)]
        self.rows = self.frames_of_all + self.places
        self.reach = max(self.steps)
        self.dtype = stay.dtype
        frames, tokens = frames.to(stay.device), tokens.to(stay.device)
        self.ends = frames + tokens, tokens
        self.moves = self._skewed(stay, emit, frames, tokens)

    def _skewed(self, stay: Tensor, emit: Tensor, frames: Tensor, tokens: Tensor) -> Tensor:
        """[S + E, B, N, P] log-probabilities of moves; minus infinity for moves out of the lattice."""
        scores = torch.cat([stay, emit], dim=3)
        scores = scores.to(precise_type(scores))
        time = self._time_of_places(scores.device)
        place = torch.arange(self.places, device=scores.device)
        inside = (time >= 0) & (time < self.frames_of_all)
        index = time.clamp(0, self.frames_of_all - 1) * self.places + place  # [N, P]
        flat = scores.flatten(1, 2).permute(2, 0, 1)  # [S + E, B, T * P]
        moves = flat[:, :, index.flatten()].unflatten(2, index.shape)
        within = inside & (time < frames[:, None, None])  # [B, N, P]
        for number, duration in enumerate(self.durations):
            if number < self.stays:  # the end is reached by a stay only, at the last place and exactly
                allowed = within & (place <= tokens[:, None, None]) & (time + duration <= frames[:, None, None])
                allowed &= (time + duration < frames[:, None, None]) | (place == tokens[:, None, None])
            else:
                allowed = within & (place < tokens[:, None, None]) & (time + duration < frames[:, None, None])
            moves[number].masked_fill_(~allowed, -torch.inf)
        return moves

    def _time_of_places(self, device: torch.device) -> Tensor:
        rows = torch.arange(self.rows, device=device)[:, None]
        return rows - torch.arange(self.places, device=device)

    def _empty(self) -> Tensor:
        """[N + 2 reach, B, P + 2] minus infinity: room for moves from before and to behind the rows."""
        size = (self.rows + 2 * self.reach, self.batch, self.places + 2)
        return self.moves.new_full(size, -torch.inf)

    def forwards(self) -> Tensor:
        """[N, B, P] log-probability of arriving at each place."""
        arrive = self._empty()
        arrive[self.reach, :, 1] = 0.0
        moves = self._by_row()
        for row in range(1, self.rows):
            now = self.reach + row
            ways = [
                arrive[now - step, :, (1 if number < self.stays else 0) :][:, : self.places]
                + moves[number][now - step][:, (1 if number < self.stays else 0) :][:, : self.places]
                for number, step in enumerate(self.steps)
            ]
            arrive[now, :, 1:-1] = torch.logsumexp(torch.stack(ways), dim=0)
        return arrive[self.reach : self.reach + self.rows, :, 1:-1]

    def _by_row(self) -> Tensor:
        """[S + E, N + reach, B, P + 2] moves with minus infinity around, so that no place has fewer neighbours."""
        size = (len(self.steps), self.rows + self.reach, self.batch, self.places + 2)
        padded = self.moves.new_full(size, -torch.inf)
        padded[:, self.reach :, :, 1:-1] = self.moves.transpose(1, 2)
        return padded

    def backwards(self) -> tuple[Tensor, Tensor]:
        """[B] log-probability of all alignments, and [N + 2 reach, B, P + 2] that of finishing from each place."""
        finish = self._empty()
        everyone = torch.arange(self.batch, device=finish.device)
        end_row, end_place = self.ends
        finish[end_row + self.reach, everyone, end_place + 1] = 0.0
        moves = self.moves.transpose(1, 2)  # [S + E, B -> N, B, P]
        for row in range(self.rows - 1, -1, -1):
            now = self.reach + row
            ways = [
                finish[now + step, :, (1 if number < self.stays else 2) :][:, : self.places] + moves[number][row]
                for number, step in enumerate(self.steps)
            ]
            ways.append(finish[now, :, 1:-1])  # the end itself
            finish[now, :, 1:-1] = torch.logsumexp(torch.stack(ways), dim=0)
        return finish[self.reach, :, 1].clone(), finish

    def occupancies(self, arrive: Tensor, finish: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T, U + 1, S] and [B, T, U + 1, E]: how likely each move is taken; zero where no alignment fits."""
        possible = torch.isfinite(total)
        given = torch.where(possible, total, 0.0)[:, None]
        taken = torch.empty_like(self.moves)
        for number, step in enumerate(self.steps):
            shift = 1 if number < self.stays else 2
            after = finish[self.reach + step :][: self.rows, :, shift:][:, :, : self.places]
            log_taken = arrive + self.moves[number].transpose(0, 1) + after - given
            taken[number] = torch.where(possible[:, None], log_taken.exp(), 0.0).transpose(0, 1)
        # back from diagonals to frames
        time = torch.arange(self.frames_of_all, device=taken.device)[:, None]
        place = torch.arange(self.places, device=taken.device)
        index = (time + place) * self.places + place  # [T, P]
        straight = taken.flatten(2)[:, :, index.flatten()].unflatten(2, index.shape)
        straight = straight.permute(1, 2, 3, 0).to(self.dtype)  # [B, T, P, S + E]
        return straight[..., : self.stays].contiguous(), straight[..., self.stays :].contiguous()
