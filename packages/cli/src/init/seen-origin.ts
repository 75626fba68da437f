// Looks at an origin in a terminal: shows which page, asks before another host, and tells why there is nothing to see.
import { failure } from "../command-error.ts";
import { lookAtOrigin, type LookRefused, type OriginSight } from "../origin/look-at-origin.ts";
import { OriginClient } from "../origin/origin-client.ts";
import type { Session } from "../session.ts";

interface Looking {
  /** Is every question answered with yes? */
  readonly saysYes: boolean;
  readonly paths: readonly string[];
  readonly pageCountMax: number;
}

/** Goes on to another host once, if it is told to. */
export async function seenOrigin(
  origin: string,
  session: Session,
  looking: Looking,
): Promise<OriginSight> {
  const { terminal, world } = session;
  let address = origin;
  for (let turns = 1; ; turns += 1) {
    const onPage = (path: string) => {
      if (terminal.showsProgress) terminal.note(`  ${path}`);
    };
    if (terminal.showsProgress) terminal.note(`Looking at ${address} …`);
    const looked = await lookAtOrigin(new OriginClient(address, world), {
      paths: looking.paths,
      pageCountMax: looking.pageCountMax,
      onPage,
      nowAtMs: world.nowAtMs,
    });
    if (looked.kind === "seen") return looked.sight;
    const isAsked = terminal.isInteractive || looking.saysYes;
    if (looked.kind !== "elsewhere" || turns > 1 || !isAsked) throw refusal(address, looked);
    await terminal.confirmed(`${address} redirects to ${looked.to}. Take that one?`);
    address = looked.to;
  }
}

function refusal(origin: string, looked: LookRefused) {
  if (looked.kind === "failed") {
    const { code, why } = looked.failure;
    const mend =
      code === "certificate"
        ? "Mend the certificate: the Worker would refuse it too."
        : "Check the address, and that the site is up.";
    const what = `${origin} was not seen, and nothing was written.`;
    return failure({ what, why: `${why}.`, mend }, code);
  }
  if (looked.kind === "elsewhere") {
    const what = `${origin} was not looked at, and nothing was written.`;
    const why = `It redirects to ${looked.to}.`;
    const mend = `If that is the site, run: tidemark init ${looked.to}`;
    return failure({ what, why, mend }, "elsewhere");
  }
  const what = `${origin} showed no page, and nothing was written.`;
  const why = `Every answer was an error, the first one ${looked.status}.`;
  const mend =
    "Let this machine in, name a page that is open with --page, or try when the site is up.";
  return failure({ what, why, mend }, "refused");
}
