// Pauses of one second between two attempts at the same work for a page.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";

const pauseMs = 1_000;

/** The end of each page's pause. A running pause is never extended. */
export class Pauses extends BoundedMarks<number> {
  /**
   * Begins a pause. Returns false while a pause is running. If the clock is set back, the pause
   * ends.
   */
  begin(page: string, atMs: number): boolean {
    if (this.isOn(page, atMs)) return false;
    this.set(page, atMs + pauseMs);
    return true;
  }

  /** Returns whether a pause is running. */
  isOn(page: string, atMs: number): boolean {
    const endsAtMs = this.get(page) ?? -Infinity;
    return atMs < endsAtMs && endsAtMs - atMs <= pauseMs;
  }
}
