import { RemovalPolicy } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnStateMachine, CfnStateMachineAlias, CfnStateMachineVersion, type StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { LIVE } from './task-function.ts';

/** How a release takes over: by a share of the executions first, or at once. */
export const RELEASE_MODES = ['canary', 'at-once'] as const;
export type ReleaseMode = (typeof RELEASE_MODES)[number];

export interface MachineReleaseProps {
  readonly stateMachine: StateMachine;
  readonly mode: ReleaseMode;
  /** Rolls a canary back. */
  readonly alarm: Alarm | undefined;
}

/** A tenth fails visibly where all of it fails; and a quarter of an hour is longer than a state takes to give up. Throttling
 * does not count as a failure: a throttled state is tried again for hours, so a burst does not roll a release back. */
const CANARY = { percentage: 10, interval: 15 };

/** A version of the machine for each release, kept for those who want to go back, and the alias that new executions start with. */
export class MachineRelease extends Construct {
  readonly aliasArn: string;

  constructor(scope: Construct, id: string, props: MachineReleaseProps) {
    super(scope, id);
    const machine = props.stateMachine.node.defaultChild;
    if (!(machine instanceof CfnStateMachine)) throw new TypeError('a state machine without its resource');
    const version = new CfnStateMachineVersion(this, 'Version', {
      stateMachineArn: machine.attrArn,
      // A new revision replaces this resource, and the version that it was stays.
      stateMachineRevisionId: machine.attrStateMachineRevisionId,
    });
    version.applyRemovalPolicy(RemovalPolicy.RETAIN);
    const alias = new CfnStateMachineAlias(this, 'Live', { name: LIVE, deploymentPreference: preference(version.attrArn, props) });
    this.aliasArn = alias.ref;
  }
}

/** At once is for mending: a canary is rolled back while the alarm rings, whatever made it ring. */
function preference(stateMachineVersionArn: string, { mode, alarm }: MachineReleaseProps): CfnStateMachineAlias.DeploymentPreferenceProperty {
  if (mode === 'at-once') return { type: 'ALL_AT_ONCE', stateMachineVersionArn };
  return { type: 'CANARY', ...CANARY, stateMachineVersionArn, ...(alarm && { alarms: [alarm.alarmName] }) };
}
