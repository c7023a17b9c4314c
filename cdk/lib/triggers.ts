import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Match, Rule, type IRule, type RuleTargetConfig } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SfnStateMachine, type SfnStateMachineProps, type TargetBaseProps } from 'aws-cdk-lib/aws-events-targets';
import { Role } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { sameAccountService } from './iam.ts';
import type { ImageAnalysis } from './image-analysis.ts';
import type { TaskFunction } from './task-function.ts';

/** Delivers events as often and as long as EventBridge allows, then moves them to the dead-letter queue. */
function delivery(deadLetterQueue: IQueue): TargetBaseProps {
  return { deadLetterQueue, maxEventAge: Duration.hours(24), retryAttempts: 185 };
}

export interface UploadTriggerProps {
  readonly bucket: IBucket;
  readonly imageAnalysis: ImageAnalysis;
  /** Receives events that could not start an execution. */
  readonly deadLetterQueue: IQueue;
}

/**
 * Starts an execution for every object created in `raw-uploads/`, with the whole event as input. Folder markers, which the S3 console
 * creates, do not start one: they have zero bytes and a key that ends in a slash.
 *
 * An event pattern cannot require that a key begins with one text and does not end with another, because several matchers of a field are
 * alternatives. So any object with content matches by its prefix, and an empty one only if its key contains a dot, as file names do.
 * reconcile finds the few empty uploads that the pattern misses, and inspect-image ignores a folder marker that it gets anyway.
 */
export class UploadTrigger extends Construct {
  readonly rule: Rule;

  constructor(scope: Construct, id: string, props: UploadTriggerProps) {
    super(scope, id);
    // A wildcard, not the ARN of this rule: the rule refers to the role, so the role must exist first.
    const rules = Stack.of(this).formatArn({ service: 'events', resource: 'rule', resourceName: '*', arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
    const role = new Role(this, 'Role', { assumedBy: sameAccountService(this, 'events', rules) });
    this.rule = new Rule(this, 'Rule', {
      description: 'sightline: starts image-analysis for an upload to raw-uploads/',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [props.bucket.bucketName] },
          object: {
            $or: [
              { key: [{ wildcard: 'raw-uploads/*' }], size: [{ numeric: ['>', 0] }] },
              { key: [{ wildcard: 'raw-uploads/*.*' }], size: [0] },
            ],
          },
        },
      },
      targets: [new LiveMachine(props.imageAnalysis, { ...delivery(props.deadLetterQueue), role })],
    });
  }
}

/** The live alias of the machine as a target. The permission to start it is on the machine itself, whichever alias is used. */
class LiveMachine extends SfnStateMachine {
  private readonly arn: string;

  constructor(imageAnalysis: ImageAnalysis, props: SfnStateMachineProps) {
    super(imageAnalysis.stateMachine, props);
    this.arn = imageAnalysis.liveArn;
  }

  override bind(rule: IRule): RuleTargetConfig {
    return { ...super.bind(rule), arn: this.arn };
  }
}

export interface FailureTriggerProps {
  readonly stateMachine: IStateMachine;
  /** The function that writes the failure to the image's record. */
  readonly recordFailure: TaskFunction;
  /** Receives events that could not be delivered. */
  readonly deadLetterQueue: IQueue;
}

/** Calls record-failure for every execution that failed, timed out or was aborted, so that the image's record shows the failure. */
export class FailureTrigger extends Construct {
  readonly rule: Rule;

  constructor(scope: Construct, id: string, props: FailureTriggerProps) {
    super(scope, id);
    const machine = props.stateMachine.stateMachineArn;
    this.rule = new Rule(this, 'Rule', {
      description: 'sightline: writes a failed execution of image-analysis to the record of its image',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
          // AWS does not document whether the event names the alias if the execution was started through one.
          stateMachineArn: Match.anyOf(Match.exactString(machine), Match.prefix(`${machine}:`)),
        },
      },
      targets: [new LambdaFunction(props.recordFailure.live, delivery(props.deadLetterQueue))],
    });
  }
}
