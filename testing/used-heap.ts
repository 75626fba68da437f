// Measures the memory that a structure still holds, after a garbage collection.
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Returns the bytes of all reachable objects. */
export function usedHeapBytes(): number {
  collectGarbage();
  return getHeapStatistics().used_heap_size;
}
