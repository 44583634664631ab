/** The short tour: what each role is shown first, and whether somebody of that role has seen it in this browser. */
import type { Me } from "../../api-client/schema";
import type { IconName } from "../../components/Icon";

type Role = Me["role"];

export interface Step {
  /** Its name in the messages. */
  key: string;
  icon: IconName;
}

const CLINIC: readonly Step[] = [
  { key: "clinic", icon: "overview" },
  { key: "patients", icon: "patients" },
  { key: "predict", icon: "predict" },
  { key: "history", icon: "history" },
];
const HOSPITAL: readonly Step[] = [
  { key: "hospital", icon: "overview" },
  { key: "training", icon: "training" },
  { key: "left", icon: "hospital" },
  { key: "privacy", icon: "privacy" },
  { key: "people", icon: "patients" },
];
const CONSORTIUM: readonly Step[] = [
  { key: "consortium", icon: "overview" },
  { key: "institutions", icon: "consortium" },
  { key: "runs", icon: "training" },
  { key: "health", icon: "models" },
];
const STEPS: Record<Role, readonly Step[]> = { nurse: CLINIC, doctor: CLINIC, admin: HOSPITAL, consortium: CONSORTIUM };

export function stepsOf(role: Role): readonly Step[] {
  return STEPS[role];
}

/** Names a role and no person: whoever shares this browser with a colleague is shown the tour once between them. */
const kept = (role: Role) => `fedcare.tour.${role}`;

export function wasSeen(role: Role): boolean {
  return localStorage.getItem(kept(role)) !== null;
}

export function markSeen(role: Role): void {
  localStorage.setItem(kept(role), "seen");
}

/** Where an arrow key leads; steps end at both ends. */
export function stepAfter(key: string, now: number, count: number): number {
  if (key === "ArrowRight") return Math.min(count - 1, now + 1);
  return key === "ArrowLeft" ? Math.max(0, now - 1) : now;
}
