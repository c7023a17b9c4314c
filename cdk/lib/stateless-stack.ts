import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { BulkImport } from './bulk-import.ts';
import type { Environment } from './environment.ts';
import { EventsDeadLetterQueue } from './events-dead-letter-queue.ts';
import { FailureTrigger } from './failure-trigger.ts';
import { ImageAnalysis } from './image-analysis.ts';
import { PipelineFunctions } from './pipeline-functions.ts';
import { Reconcile } from './reconcile.ts';
import type { Settings } from './settings.ts';
import type { StatefulStack } from './stateful-stack.ts';
import type { Workshop } from './task-function.ts';
import { Topics } from './topics.ts';
import { Trends } from './trends.ts';
import { UploadTrigger } from './upload-trigger.ts';

/** Paths of the state machines' ASL files. */
export interface Definitions {
  readonly imageAnalysis: string;
  readonly bulkImport: string;
}

export interface StatelessStackProps extends StackProps {
  readonly environment: Environment;
  readonly settings: Settings;
  /** What begins the names of what must have one. */
  readonly appName: string;
  readonly definitions: Definitions;
  readonly stateful: StatefulStack;
}

/** What works on the data, and can be deleted and deployed anew at any time. */
export class StatelessStack extends Stack {
  constructor(scope: Construct, id: string, props: StatelessStackProps) {
    super(scope, id, { description: 'sightline: the image pipeline', ...props });
    const { settings, stateful } = props;
    const workshop: Workshop = { artefacts: props.environment.artefacts, settings, deployment: props.appName };
    const stateMachineName = `${props.appName}-image-analysis`;
    const deadLetterQueue = new EventsDeadLetterQueue(this, 'EventsDeadLetters').queue;
    const topics = new Topics(this, 'Topics', { dataKey: stateful.dataKey });
    const functions = new PipelineFunctions(this, 'Functions', {
      workshop,
      images: stateful.images,
      records: stateful.records,
      topics,
      stateMachineName,
      deadLetterQueue,
    });
    const imageAnalysis = new ImageAnalysis(this, 'ImageAnalysis', {
      stateMachineName,
      definitionFile: props.definitions.imageAnalysis,
      functions: functions.tasks,
      reviewTimeoutSeconds: settings.reviewTimeoutSeconds,
      logRetentionDays: settings.logRetentionDays,
    });
    const { stateMachine } = imageAnalysis;
    const { images, records } = stateful;
    new Reconcile(this, 'Reconcile', { workshop, images, records, imageAnalysis });
    new Trends(this, 'Trends', { workshop, records, counters: stateful.trends, topics });
    const bulkImport = new BulkImport(this, 'BulkImport', {
      workshop,
      stateMachineName: `${props.appName}-bulk-import`,
      definitionFile: props.definitions.bulkImport,
      images,
      records,
      imageAnalysis,
    });
    new UploadTrigger(this, 'UploadTrigger', { bucket: stateful.images.bucket, stateMachine, deadLetterQueue });
    new FailureTrigger(this, 'FailureTrigger', { stateMachine, recordFailure: functions.recordFailure, deadLetterQueue });

    new CfnOutput(this, 'StateMachineArn', { value: stateMachine.stateMachineArn });
    new CfnOutput(this, 'LiveStateMachineArn', { value: imageAnalysis.liveArn });
    new CfnOutput(this, 'BulkImportArn', { value: bulkImport.stateMachine.stateMachineArn });
    new CfnOutput(this, 'AlertsTopicArn', { value: topics.alerts.topicArn });
    new CfnOutput(this, 'OperationsTopicArn', { value: topics.operations.topicArn });
    new CfnOutput(this, 'EventsDeadLetterQueueUrl', { value: deadLetterQueue.queueUrl });
  }
}
