import { titleOf } from "../../data.js";

export const revalidate = 1;

export default async function Page() {
  return <output>{await titleOf("revalidated")}</output>;
}
