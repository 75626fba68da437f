import { connection } from "next/server";
import { titleOf } from "../../data.js";

export const fetchCache = "only-cache";

export default async function Page() {
  await connection();
  return <output>{await titleOf("only-cache")}</output>;
}
