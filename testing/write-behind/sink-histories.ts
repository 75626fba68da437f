// Random histories of chunks, as flushers that break off and databases that revive old slices send them,
// and what must come of them by the promise alone.
import { type Draws } from "../draws.ts";
