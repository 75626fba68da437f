// The tiers of a deployment in the order in which they are asked, and those of them that a route uses.
import { type TierName, type TierScope, tierScopes } from "../../config/tier-names.ts";
import type { Memory, Tier } from "./tier.ts";

/** @typeParam Detail what their records know beside what any record does */
export class TierStack<Detail> {
  /** It is there even where it is not used: then it is neither read nor written. */
  readonly memory: Memory<Detail>;
  readonly usesMemory: boolean;
  /** Nearest first. */
  readonly below: readonly Tier<Detail>[];
  /** All that are used. */
  readonly all: readonly Tier<Detail>[];
  /** The colo's; `undefined` where there is none. */
  readonly ofColo: Tier<Detail> | undefined;
  /** The farthest of those that all colos share: what lies there counts where they differ. */
  readonly ofWorld: Tier<Detail> | undefined;
  /** What `of` has given before: a hit reads it here. */
  readonly parts = new WeakMap<readonly TierName[], TierStack<Detail>>();

  constructor(memory: Memory<Detail>, below: readonly Tier<Detail>[], usesMemory = true) {
    this.memory = memory;
    this.usesMemory = usesMemory;
    this.below = below;
    this.all = usesMemory ? [memory, ...below] : below;
    this.ofColo = below.find(({ name }) => tierScopes[name] === "colo");
    this.ofWorld = below.findLast(({ name }) => tierScopes[name] === "world");
  }

  /** @param names of a route or a namespace; they may name tiers that this deployment has not */
  of(names: readonly TierName[]): TierStack<Detail> {
    const known = this.parts.get(names);
    if (known !== undefined) return known;
    const below = this.below.filter(({ name }) => names.includes(name));
    const part = new TierStack(this.memory, below, names.includes(this.memory.name));
    this.parts.set(names, part);
    return part;
  }

  without(scope: TierScope): TierStack<Detail> {
    const below = this.below.filter(({ name }) => tierScopes[name] !== scope);
    return new TierStack(this.memory, below, this.usesMemory && scope !== "isolate");
  }

  /** Tiers above this one that fewer share: what it has can be put into them. */
  above({ name: from }: Pick<Tier<Detail>, "name">): readonly Tier<Detail>[] {
    const at = this.all.findIndex(({ name }) => name === from);
    return this.all.slice(0, at).filter(({ name }) => tierScopes[name] !== tierScopes[from]);
  }
}
