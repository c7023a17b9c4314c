import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Grant, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { DataKey } from './data-key.ts';
import type { TaskFunction } from './task-function.ts';

export interface TopicsProps {
  readonly dataKey: DataKey;
}

/** Two encrypted topics: alerts about the content of photos, and notifications for the operators of the system. */
export class Topics extends Construct {
  readonly alerts: Topic;
  readonly operations: Topic;
  private readonly dataKey: DataKey;

  constructor(scope: Construct, id: string, props: TopicsProps) {
    super(scope, id);
    this.dataKey = props.dataKey;
    const common = { enforceSSL: true, masterKey: props.dataKey.key };
    this.alerts = new Topic(this, 'Alerts', { ...common, displayName: 'sightline alerts' });
    this.operations = new Topic(this, 'Operations', { ...common, displayName: 'sightline operations' });
    this.allowNotificationServices();
  }

  /** Allows CloudWatch alarms and AWS Budgets of this account to publish to the operations topic. */
  private allowNotificationServices(): void {
    const { account, region } = Stack.of(this);
    const arn = (service: string, ofRegion: string): string =>
      Stack.of(this).formatArn({ service, region: ofRegion, resource: '*', arnFormat: ArnFormat.NO_RESOURCE_NAME });
    for (const [service, source] of [
      ['cloudwatch', arn('cloudwatch', region)],
      ['budgets', arn('budgets', '')],
    ] as const) {
      const statement = new PolicyStatement({
        principals: [new ServicePrincipal(`${service}.amazonaws.com`)],
        actions: ['sns:Publish'],
        resources: [this.operations.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': account }, ArnLike: { 'aws:SourceArn': source } },
      });
      this.operations.addToResourcePolicy(statement);
    }
  }

  /** Lets the function publish alerts, and sets the variable ALERTS_TOPIC_ARN. */
  grantPublishAlerts(grantee: TaskFunction): void {
    this.grantPublish(grantee, this.alerts);
    grantee.fn.addEnvironment('ALERTS_TOPIC_ARN', this.alerts.topicArn);
  }

  /** Lets the function publish to the operators, and sets the variable OPERATIONS_TOPIC_ARN. */
  grantPublishOperations(grantee: TaskFunction): void {
    this.grantPublish(grantee, this.operations);
    grantee.fn.addEnvironment('OPERATIONS_TOPIC_ARN', this.operations.topicArn);
  }

  /** Not Topic.grantPublish: that would add kms:GenerateDataKey* with a wildcard. */
  private grantPublish(grantee: TaskFunction, topic: Topic): void {
    Grant.addToPrincipal({ grantee, actions: ['sns:Publish'], resourceArns: [topic.topicArn] });
    this.dataKey.grant(grantee, 'publish');
  }
}

/**
 * Keeps events that could not be delivered or processed for 14 days; the message says which event, and why. SQS encrypts it with its own key, so
 * the services that send to it need no permission for ours.
 */
export class DeadLetterQueue extends Construct {
  readonly queue: Queue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
  }
}
