// The values that present work reads: a load, or a handler that makes a page. What the work makes has their
// tags, so that their purges cover it.
import { notesOn } from "../../base/notes.ts";
import { bodyRequestedAtMs, type ValueReads, valueNamesMax } from "../../cache/record/record.ts";
import type { DataMetadata } from "../value/data-record.ts";
import { urlOf } from "../value/data-key.ts";
import type { DataPlace } from "../value/space.ts";
import type { DataPorts } from "./data-ports.ts";

/** See `valueNamesMax`. */
const namesCharsMax = 8_192;

/** The value that a call has found, or `null` in its place. */
export interface FoundValue {
  readonly metadata: DataMetadata;
  /** Whether it is stale after a soft purge or a failed load, and not by its age alone. */
  readonly isStale: boolean;
}

export class Reads implements ValueReads {
  readonly names = new Set<string>();
  isStale = false;
  areKnown = true;
  bodyRequestedAtMs = Infinity;
  colo: string | undefined = undefined;
  #chars = 0;
  readonly #view: DataPorts["viewOfPurges"];
  #onForeign: (() => void) | undefined;

  /**
   * @param view the view that judges what the work makes. A value that another view has judged may be from before a
   *   purge that this one knows, so it gives no tags
   * @param onForeign called once at such a value
   */
  constructor(view: DataPorts["viewOfPurges"], onForeign?: () => void) {
    this.#view = view;
    this.#onForeign = onForeign;
  }

  get areTooMany(): boolean {
    return this.names.size > valueNamesMax || this.#chars > namesCharsMax;
  }

  /** @param found `undefined` if the call has found no value, which its purges change as well */
  add(place: DataPlace, found: FoundValue | undefined, { viewOfPurges, nowAtMs }: DataPorts): void {
    if (viewOfPurges !== this.#view) return this.#onForeign?.();
    const metadata = found?.metadata;
    if (found !== undefined) this.#addProvenance(found, nowAtMs());
    for (const tag of metadata?.tags ?? tagsOfNone(place)) this.#name(tag);
    for (const tag of place.tags) this.#name(tag);
    const url = urlOf(place.path);
    if (this.names.has(url)) return;
    this.#name(url);
    // A purge of a key covers all keys below it, and `clear()` those of the namespace.
    for (let end = place.path.indexOf("/"); end >= 0; end = place.path.indexOf("/", end + 1))
      this.#name(urlOf(place.path.slice(0, end)));
  }

  #addProvenance({ metadata, isStale }: FoundValue, atMs: number): void {
    const { colo } = metadata;
    if (isStale || ofStale.get(metadata) === true) this.isStale = true;
    // Each use of the record applies the bound.
    this.areKnown &&= this.#view.mayBeValidated(metadata, { atMs, maxLagMs: Infinity });
    this.bodyRequestedAtMs = Math.min(this.bodyRequestedAtMs, bodyRequestedAtMs(metadata));
    this.colo = this.colo === undefined || this.colo === colo ? colo : "";
  }

  #name(name: string): void {
    if (this.areTooMany || this.names.has(name)) return;
    this.names.add(name);
    this.#chars += name.length;
  }
}

/** Without a value, a function of the namespace names no tags. */
function tagsOfNone({ space, appKey }: DataPlace): readonly string[] {
  return space.derivesTags ? [] : space.tagsOf(null, appKey);
}

const ofStale = notesOn<DataMetadata, true>();

/** Notes that a value was made of a stale one, so that nothing made of it is stored either. */
export function markOfStale(metadata: DataMetadata | undefined): void {
  if (metadata !== undefined) ofStale.set(metadata, true);
}
