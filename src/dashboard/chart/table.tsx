// A table that scrolls sideways on a narrow screen, and can be scrolled by keyboard.
import type { Child } from "hono/jsx";

interface TableProps {
  readonly caption: string;
  readonly heads: readonly string[];
  /** The first cell of a row is its heading. */
  readonly rows: readonly (readonly Child[])[];
  /** Replaces a table without rows. */
  readonly none?: string;
}

export function Table({ caption, heads, rows, none = "Nothing yet." }: TableProps) {
  if (rows.length === 0) return <p class="quiet">{none}</p>;
  return (
    <div class="scroll" tabindex={0} role="region" aria-label={caption}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {heads.map((head) => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...others]) => (
            <tr>
              <th scope="row">{first}</th>
              {others.map((cell) => (
                <td>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
