"""One workload per file, each exports WORKLOAD."""
