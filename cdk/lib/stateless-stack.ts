import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Environment } from './environment.ts';
import { EventsDeadLetterQueue } from './events-dead-letter-queue.ts';
import { FailureTrigger } from './failure-trigger.ts';
import { ImageAnalysis } from './image-analysis.ts';
import { PipelineFunctions } from './pipeline-functions.ts';
import type { Settings } from './settings.ts';
import type { StatefulStack } from './stateful-stack.ts';
import { Topics } from './topics.ts';
import { UploadTrigger } from './upload-trigger.ts';

export interface StatelessStackProps extends StackProps {
  readonly environment: Environment;
  readonly settings: Settings;
  /** What begins the names of what must have one. */
  readonly appName: string;
  /** Path of the state machine's ASL file. */
  readonly definitionFile: string;
  readonly stateful: StatefulStack;
}

/** What works on the data, and can be deleted and deployed anew at any time. */
export class StatelessStack extends Stack {
  constructor(scope: Construct, id: string, props: StatelessStackProps) {
    super(scope, id, { description: 'sightline: the image pipeline', ...props });
    const { settings, stateful } = props;
    const stateMachineName = `${props.appName}-image-analysis`;
    const deadLetterQueue = new EventsDeadLetterQueue(this, 'EventsDeadLetters').queue;
    const topics = new Topics(this, 'Topics', { dataKey: stateful.dataKey });
    const functions = new PipelineFunctions(this, 'Functions', {
      artefacts: props.environment.artefacts,
      settings,
      images: stateful.images,
      records: stateful.records,
      topics,
      stateMachineName,
      deadLetterQueue,
    });
    const { stateMachine } = new ImageAnalysis(this, 'ImageAnalysis', {
      stateMachineName,
      definitionFile: props.definitionFile,
      functions: functions.tasks,
      reviewTimeoutSeconds: settings.reviewTimeoutSeconds,
      logRetentionDays: settings.logRetentionDays,
    });
    new UploadTrigger(this, 'UploadTrigger', { bucket: stateful.images.bucket, stateMachine, deadLetterQueue });
    new FailureTrigger(this, 'FailureTrigger', { stateMachine, recordFailure: functions.recordFailure, deadLetterQueue });

    new CfnOutput(this, 'StateMachineArn', { value: stateMachine.stateMachineArn });
    new CfnOutput(this, 'AlertsTopicArn', { value: topics.alerts.topicArn });
    new CfnOutput(this, 'OperationsTopicArn', { value: topics.operations.topicArn });
    new CfnOutput(this, 'EventsDeadLetterQueueUrl', { value: deadLetterQueue.queueUrl });
  }
}
