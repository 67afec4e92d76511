//! The bus on RabbitMQ, alone or a cluster.
