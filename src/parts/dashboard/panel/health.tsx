// The findings of the health check, with their fixes.
import type { OperatorAnswer } from "../../../protocol/answers.ts";
import { shown, Table } from "../chart/elements.tsx";

export function Health({ health }: { readonly health: OperatorAnswer<"health"> }) {
  const { status, findings, notLookedAt, version, colo } = health;
  return (
    <section>
      <h2>
        Health: <span class={`status ${status}`}>{status}</span>
      </h2>
      <p class="quiet">
        Tidemark {version}, checked in {colo || "an unnamed colo"}. The command tidemark health says
        what to do about each finding.
      </p>
      {findings.map(({ code, case: closer, level, about, since, values = {} }) => (
        <article class={`finding ${level}`}>
          <h3>
            <span class="level">{level}</span> {code}
            {about && `: ${about}`}
          </h3>
          {Object.entries({ ...(closer && { case: closer }), ...values }).map(([name, value]) => (
            <p>
              <b>{name}:</b> {[value].flat().join(", ")}
            </p>
          ))}
          {since && <p class="quiet">Since {since}.</p>}
        </article>
      ))}
      {notLookedAt.length > 0 && <p class="quiet">Not checked: {notLookedAt.join(" ")}</p>}
    </section>
  );
}

/** The hit rates of the paths, which are many on some sites. */
export function PathRates({ hitRates }: Pick<OperatorAnswer<"health">, "hitRates">) {
  if (typeof hitRates?.since !== "string") return null;
  return (
    <section>
      <h2>Paths</h2>
      <Table
        caption={`Hit rates by the first segment of the path, since ${hitRates.since}`}
        heads={["Path", "Requests", "Hit rate"]}
        rows={hitRates.prefixes.map(({ name, requests, hitRate }) => [
          name === "*" ? "all others" : name,
          shown(requests, "count"),
          shown(hitRate, "percent"),
        ])}
        none="No request was looked up."
      />
    </section>
  );
}
