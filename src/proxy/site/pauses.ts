// Pauses of a second, by page: what has just been tried is not tried again at once.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";

const pauseMs = 1_000;

/** When the pause of each page ends. Nothing lengthens a pause while it lasts. */
export class Pauses extends BoundedMarks<number> {
  /** @returns false while one lasts; a clock that was set back ends it */
  begin(page: string, atMs: number): boolean {
    if (isPause(this.get(page), atMs)) return false;
    this.set(page, atMs + pauseMs);
    return true;
  }

  /** Would `begin` be false? */
  isOn(page: string, atMs: number): boolean {
    return isPause(this.peek(page), atMs);
  }
}

function isPause(endsAtMs = -Infinity, atMs: number): boolean {
  return atMs < endsAtMs && endsAtMs - atMs <= pauseMs;
}
