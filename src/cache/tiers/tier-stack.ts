// The ordered tiers of a deployment, and the subset that a route uses.
import { type TierName, tierScopes } from "../../config/tier-names.ts";
import type { Memory, Tier } from "./tier.ts";

/** @typeParam Detail the members that the user of the cache adds to each record */
export class TierStack<Detail> {
  /** The memory tier. It is always present, but unused if `usesMemory` is false. */
  readonly memory: Memory<Detail>;
  readonly usesMemory: boolean;
  /** The tiers below memory, nearest first. */
  readonly below: readonly Tier<Detail>[];
  /** All tiers in use. */
  readonly all: readonly Tier<Detail>[];
  /** The tier that one colo shares; `undefined` if there is none. */
  readonly ofColo: Tier<Detail> | undefined;
  /** The farthest tier that all colos share. If tiers differ, this tier is authoritative. */
  readonly ofWorld: Tier<Detail> | undefined;
  /** The earlier results of `of`, by its argument. A hit reads this map directly. */
  readonly parts = new WeakMap<readonly TierName[], TierStack<Detail>>();
  /** The results of `above`, by the tier's name. */
  #belowMemory: TierStack<Detail> | undefined;
  readonly #above: ReadonlyMap<TierName, readonly Tier<Detail>[]>;

  constructor(memory: Memory<Detail>, below: readonly Tier<Detail>[], usesMemory = true) {
    this.memory = memory;
    this.usesMemory = usesMemory;
    this.below = below;
    this.all = usesMemory ? [memory, ...below] : below;
    this.ofColo = below.find(({ name }) => tierScopes[name] === "colo");
    this.ofWorld = below.findLast(({ name }) => tierScopes[name] === "world");
    const isApart = (from: TierName) => (tier: Tier<Detail>) =>
      tierScopes[tier.name] !== tierScopes[from];
    this.#above = new Map(
      this.all.map(({ name }, at) => [name, this.all.slice(0, at).filter(isApart(name))]),
    );
  }

  /** @param names the tiers of a route or namespace; the deployment may lack some of them */
  of(names: readonly TierName[]): TierStack<Detail> {
    const known = this.parts.get(names);
    if (known !== undefined) return known;
    const below = this.below.filter(({ name }) => names.includes(name));
    const part = new TierStack(this.memory, below, names.includes(this.memory.name));
    this.parts.set(names, part);
    return part;
  }

  /** These tiers without memory, unless memory is the only one. */
  get belowMemory(): TierStack<Detail> {
    if (!this.usesMemory || this.below.length === 0) return this;
    return (this.#belowMemory ??= new TierStack(this.memory, this.below, false));
  }

  withoutColo(): TierStack<Detail> {
    const below = this.below.filter((tier) => tier !== this.ofColo);
    return new TierStack(this.memory, below, this.usesMemory);
  }

  /**
   * Returns the tiers above the given tier, except tiers of the same scope. Only the returned tiers
   * store copies of the given tier's records.
   */
  above({ name: from }: Pick<Tier<Detail>, "name">): readonly Tier<Detail>[] {
    return this.#above.get(from) ?? [];
  }
}
