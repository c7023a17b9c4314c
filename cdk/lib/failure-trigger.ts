import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { delivery } from './delivery.ts';
import type { TaskFunction } from './task-function.ts';

export interface FailureTriggerProps {
  readonly stateMachine: IStateMachine;
  /** The function that writes the failure into the image's record. */
  readonly recordFailure: TaskFunction;
  /** Where events go that could not be delivered. */
  readonly deadLetterQueue: IQueue;
}

/** An execution that did not end well is written into its image's record from outside, by the status event. */
export class FailureTrigger extends Construct {
  readonly rule: Rule;

  constructor(scope: Construct, id: string, props: FailureTriggerProps) {
    super(scope, id);
    const machine = props.stateMachine.stateMachineArn;
    this.rule = new Rule(this, 'Rule', {
      description: 'sightline: a failed execution of image-analysis goes into its record',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
          // The documentation does not say whether the event of an execution that an alias started names the alias here, too.
          stateMachineArn: Match.anyOf(Match.exactString(machine), Match.prefix(`${machine}:`)),
        },
      },
      targets: [new LambdaFunction(props.recordFailure.live, delivery(props.deadLetterQueue))],
    });
  }
}
