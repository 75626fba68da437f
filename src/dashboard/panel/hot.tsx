// The keys with the most hits in the last minutes.
import { Table } from "../chart/table.tsx";
import { shown } from "../chart/units.ts";
import type { HotPage } from "../../protocol/answers.ts";

export function Hot({ pages }: { readonly pages: readonly HotPage[] }) {
  return (
    <section>
      <h2>Hot keys</h2>
      <p class="quiet">About one in sixteen hits is counted. The keys of the last ten minutes.</p>
      <Table
        caption="The hottest keys first"
        heads={["URL", "Counted hits", "Fields", "Expires (UTC)"]}
        rows={pages.map(({ url, count, headers = {}, expiresAt }) => [
          url,
          shown(count, "count"),
          Object.entries(headers)
            .map(([name, value]) => `${name}: ${value}`)
            .join(", ") || "–",
          expiresAt?.slice(11, 19) ?? "–",
        ])}
        none="No key is hot."
      />
    </section>
  );
}
