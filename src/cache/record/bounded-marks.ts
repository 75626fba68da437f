// Notes of an isolate by key. Clients choose these keys, so the total size is limited.
import { BoundedMap } from "../../base/bounded-map.ts";

const usualBytesMax = 1_048_576;

/** A map from names to marks. It evicts the marks that were set first, whatever was read since. */
export class BoundedMarks<Mark extends number | string | object> extends BoundedMap<Mark> {
  /**
   * @param bytesMax the size limit of all names, with overhead
   * @param textOf returns the text in a mark that a client or origin chooses. Its size also counts
   */
  constructor(bytesMax = usualBytesMax, textOf?: (mark: Mark) => string) {
    super({
      sizeMax: bytesMax,
      sizeOf: (mark, name) => textBytes(name) + (textOf ? textBytes(textOf(mark)) : 0),
    });
  }

  override get(name: string): Mark | undefined {
    return this.peek(name);
  }
}

/** Estimates the size of a string: two bytes per character, and overhead. */
function textBytes(text: string): number {
  return 64 + 2 * text.length;
}
