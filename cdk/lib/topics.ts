import { ArnFormat, Stack } from 'aws-cdk-lib';
import { Grant, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { DataKey } from './data-key.ts';
import type { TaskFunction } from './task-function.ts';

export interface TopicsProps {
  readonly dataKey: DataKey;
}

/** Two encrypted topics: what was seen in a photo, for those who watch; and how the system fares, for those who run it. */
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
    this.letServicesTell();
  }

  /** What may tell of alarms and of the budget: these two services, for resources of this account. */
  private letServicesTell(): void {
    const { account, region } = Stack.of(this);
    const arn = (service: string, at: string): string =>
      Stack.of(this).formatArn({ service, region: at, resource: '*', arnFormat: ArnFormat.NO_RESOURCE_NAME });
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

  /** Lets the function publish alerts, and tells it the topic. */
  grantPublishAlerts(grantee: TaskFunction): void {
    this.grantPublish(grantee, this.alerts);
    grantee.fn.addEnvironment('ALERTS_TOPIC_ARN', this.alerts.topicArn);
  }

  /** Lets the function publish how the system fares, and tells it the topic. */
  grantPublishOperations(grantee: TaskFunction): void {
    this.grantPublish(grantee, this.operations);
    grantee.fn.addEnvironment('OPERATIONS_TOPIC_ARN', this.operations.topicArn);
  }

  /** Topic.grantPublish would add kms:GenerateDataKey*, with the wildcard. */
  private grantPublish(grantee: TaskFunction, topic: Topic): void {
    Grant.addToPrincipal({ grantee, actions: ['sns:Publish'], resourceArns: [topic.topicArn] });
    this.dataKey.grant(grantee, 'publish');
  }
}
