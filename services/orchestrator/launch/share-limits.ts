/** The limits of a rate limit group, which a client of any of its disks changes for all of them. */
import type { FromDevice, LaunchPlan } from '../plan.ts';
import type { SupervisedDevice } from '../supervise/supervisor.ts';
import type { DesiredState } from './desired-state.ts';

export interface Machine {
  readonly plan: LaunchPlan;
  readonly desired: DesiredState;
  /** The processes that serve the disks now. */
  readonly devices: readonly SupervisedDevice[];
}

/** A message of a disk's process, which may tell of such a change: the group's other disks have it from now on, whoever serves them. */
export function shareLimits({ plan, desired, devices }: Machine, disk: string, { limitsChanged }: FromDevice): void {
  if (!limitsChanged) return;
  const group = groupOf(plan, disk);
  if (group === '') return;
  for (const { name } of plan.devices) {
    if (name === disk || groupOf(plan, name) !== group) continue;
    desired.note(name, { limitsChanged });
    devices.find(({ child }) => child.name === name)?.channel.send({ limits: limitsChanged });
  }
}

/** Empty: none. */
function groupOf({ devices }: LaunchPlan, disk: string): string {
  const messages = devices.find(({ name }) => name === disk)?.messages ?? [];
  return messages.map(({ message }) => message.startBlock?.rateLimitGroup?.id ?? '').find((id) => id !== '') ?? '';
}
