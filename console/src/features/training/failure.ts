/** Why a run failed, taken apart where the server says it of each hospital in one long sentence. */
export interface Quorum {
  round: number;
  usable: string;
  needed: string;
  causes: { institutions: string[]; reason: string }[];
}

const LOST = /^Round (\d+): (\d+) usable answers where the plan asks for (\d+)\. (.+)$/s;

/** Which answers were missing when a round did not get enough of them, those of the same reason together; else null. */
export function quorumOf(text: string, institutions: readonly string[]): Quorum | null {
  const [, round, usable = "", needed = "", reasons = ""] = LOST.exec(text) ?? [];
  if (round === undefined || institutions.length === 0) return null;
  // A reason may itself be several parts: only a hospital's name begins another's.
  const names = institutions.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)).join("|");
  const parts = reasons.split(new RegExp(`(?:^|; )(${names}): `));
  if (parts[0] !== "") return null;
  const causes = new Map<string, string[]>();
  for (let place = 1; place < parts.length; place += 2) {
    const reason = parts[place + 1] ?? "";
    causes.set(reason, [...(causes.get(reason) ?? []), parts[place] ?? ""]);
  }
  const grouped = [...causes].map(([reason, institutions]) => ({ institutions, reason }));
  return { round: Number(round), usable, needed, causes: grouped };
}
