#!/bin/bash
# Passes every checkpoint of the lesson.
set -e
kubectl create secret docker-registry my-registry-creds \
  --docker-server=registry.example.com --docker-username=myuser --docker-password=mypassword
kubectl apply -f - <<EOF
apiVersion: v1
kind: Pod
metadata:
  name: private-pod
spec:
  containers:
  - name: app
    image: registry.example.com/myapp:1.0
  imagePullSecrets:
  - name: my-registry-creds
EOF
kubectl wait --for=condition=Ready pod/private-pod --timeout=60s
kubectl create deployment nginx --image=sunnybhambhani/test:v1
kubectl create secret docker-registry dockerhub-creds --docker-username=myuser --docker-password=mypassword
kubectl patch serviceaccount default -p '{"imagePullSecrets":[{"name":"my-registry-creds"},{"name":"dockerhub-creds"}]}'
kubectl delete pod -l app=nginx --force
kubectl rollout status deployment/nginx --timeout=120s
