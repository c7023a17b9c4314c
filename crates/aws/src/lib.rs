//! Adapters: S3, Rekognition, DynamoDB, SNS and Step Functions behind the domain's ports.
