package registry

import "strings"

// dockerHub is what is public on Docker Hub: the official images with the tags that they have, the organisations
// that tutorials use, and one private repository that takes any login.
func dockerHub() []Repository {
	var out []Repository
	for _, name := range absentNames() { // first, whatever organisation they are in
		out = append(out, Repository{Name: name, Absent: true})
	}
	out = append(out, Repository{
		Name: "sunnybhambhani/test", Access: Private, Accounts: Accounts{Any: true},
		Tags: []string{"v1"}, Size: 29_360_128,
	})
	for _, line := range strings.Split(strings.TrimSpace(officialImages), "\n") {
		out = append(out, officialImage(line))
	}
	for _, org := range strings.Fields(organisations) {
		out = append(out, Repository{Name: org + "/*", NoTags: absentNames()})
	}
	return out
}

// officialImage reads a line of officialImages: name, bytes, tags, and after | the variants.
func officialImage(line string) Repository {
	tags, variants, _ := strings.Cut(line, "|")
	f := strings.Fields(tags)
	r := Repository{Name: "library/" + f[0], Tags: append([]string{"latest"}, f[2:]...), Variants: strings.Fields(variants)}
	for _, c := range f[1] {
		r.Size = r.Size*10 + int64(c-'0')
	}
	return r
}

// officialImages: the versions reach a little beyond what each project has released. Sizes are those of the linux/amd64
// image, compressed, to some exactness.
const officialImages = `
nginx 72324501 mainline stable 1 1.<0-29> 1.<0-29>.<0-15> | alpine alpine3.<5-23> alpine-slim alpine-perl alpine-otel perl otel bookworm bullseye buster stretch trixie *-perl *-otel
httpd 45146374 2 2.<2-4> 2.<2-4>.<0-66> | alpine alpine3.<5-23> bookworm bullseye trixie
redis 51443842 <3-8> <3-8>.<0-8> <3-8>.<0-8>.<0-25> | alpine alpine3.<5-23> bookworm bullseye trixie
valkey 48000000 <7-9> <7-9>.<0-2> <7-9>.<0-2>.<0-9> | alpine bookworm trixie
busybox 2223685 1 1.<21-38> 1.<21-38>.<0-9> stable unstable | glibc musl uclibc
alpine 3800000 edge 3 3.<3-23> 3.<3-23>.<0-15> 20<19-26>*
ubuntu 29700000 rolling devel <10-26>.04 <10-26>.10 trusty xenial bionic focal jammy lunar mantic noble oracular plucky questing resolute *-20*
debian 49300000 stable testing unstable sid oldstable <8-13> <8-13>.<0-13> jessie stretch buster bullseye bookworm trixie forky | slim *-slim backports 20*
centos 83500000 5 6 7 8 centos<5-8> centos<5-8>.* 7.*
fedora 63000000 rawhide <20-45>
rockylinux 68000000 8 9 8.<3-9> 9.<0-6> | minimal
almalinux 70000000 8 9 10 8.* 9.* 10.* | minimal
amazonlinux 51000000 1 2 2023 2018.03 20*
oraclelinux 87000000 7 8 9 | slim
archlinux 160000000 base base-devel
opensuse 45000000 *
buildpack-deps 330000000 * 
hello-world 2380 linux
bash 6800000 3 4 5 3.* 4.* 5.<0-3> 5.<0-3>.<0-40> | alpine3.<5-23>
perl 355000000 stable 5 5.<8-43> 5.<8-43>.<0-9> | slim threaded bookworm bullseye trixie *-slim slim-*
python 372000000 2 3 2.7 2.7.<0-18> 3.<3-15> 3.<3-15>.<0-22> | slim alpine alpine3.<5-23> bookworm bullseye buster trixie slim-*
node 390000000 current lts lts-* <4-26> <4-26>.<0-22> <4-26>.<0-22>.<0-9> | slim alpine alpine3.<5-23> bookworm bullseye buster trixie *-slim
golang 295000000 1 1.<8-27> 1.<8-27>.<0-15> | alpine alpine3.<5-23> bookworm bullseye trixie
openjdk 245000000 <6-26> <6-26>-* | jdk jre slim alpine *-slim jdk-slim jre-slim
eclipse-temurin 230000000 <8-26> <8-26>-* <8-26>.* <8-26>u* | jdk jre alpine *-alpine *-jammy *-noble
amazoncorretto 200000000 <8-26> <8-26>* | alpine *
ruby 340000000 2 3 4 2.<0-7> 2.<0-7>.<0-10> 3.<0-5> 3.<0-5>.<0-10> 4.0 4.0.<0-5> | slim alpine bookworm bullseye trixie alpine3.<5-23>
php 177000000 apache fpm cli zts 5 7 8 5.<3-6> 5.<3-6>.* 7.<0-4> 7.<0-4>.<0-33> 8.<0-5> 8.<0-5>.<0-33> | apache fpm cli zts alpine apache-* fpm-* cli-* alpine3.<5-23>
rust 480000000 1 1.<20-96> 1.<20-96>.<0-3> | slim alpine bookworm bullseye trixie slim-*
gcc 480000000 <4-16> <4-16>.<0-9> <4-16>.<0-9>.<0-9> | bookworm trixie
swift 540000000 4 5 6 4.* 5.* 6.* | slim *
erlang 490000000 <18-29> <18-29>.* | slim alpine
elixir 500000000 1.<4-20> 1.<4-20>.* | slim alpine *
clojure 300000000 * 
haskell 620000000 8 9 8.* 9.* | slim *
julia 210000000 1 1.* | *
r-base 310000000 3.* 4.*
dart 290000000 stable beta 2 3 2.* 3.* | sdk
maven 260000000 3 4 3.* 4.* | *
gradle 330000000 <4-9> <4-9>.* | *
composer 66000000 1 2 1.* 2.*
mysql 232000000 lts innovation 5 8 9 5.<5-7> 5.<5-7>.<0-44> 8.<0-4> 8.<0-4>.<0-45> 9.<0-6> 9.<0-6>.<0-3> | oracle debian oraclelinux*
mariadb 121000000 lts 5 10 11 12 5.5 10.<0-11> 10.<0-11>.<0-45> 11.<0-8> 11.<0-8>.<0-12> 12.<0-2> 12.<0-2>.<0-5> | jammy focal noble bionic ubi
postgres 152000000 9 <10-18> 9.<0-6> 9.<0-6>.<0-25> <10-18>.<0-25> | alpine alpine3.<5-23> bookworm bullseye trixie
mongo 280000000 <3-8> <3-8>.<0-6> <3-8>.<0-6>.<0-30> | jammy focal noble bionic xenial
mongo-express 66000000 0.* 1 1.* | alpine *
cassandra 150000000 2 3 4 5 2.* 3.* 4.* 5.* | jammy bookworm
couchdb 100000000 1 2 3 1.* 2.* 3.*
couchbase 480000000 <4-8> <4-8>.* | enterprise community *
neo4j 330000000 <3-5> <3-5>.* 2025* 2026* | community enterprise *
influxdb 130000000 1 2 3 1.* 2.* 3.* | alpine core enterprise *
telegraf 150000000 1 1.* | alpine
chronograf 90000000 1 1.* | alpine
memcached 33000000 1 1.<4-6> 1.<4-6>.<0-45> | alpine alpine3.<5-23> bookworm trixie
rabbitmq 105000000 3 4 3.<5-13> 3.<5-13>.<0-30> 4.<0-2> 4.<0-2>.<0-12> management management-alpine | alpine management management-alpine
nats 9500000 2 2.<0-12> 2.<0-12>.<0-30> | alpine linux scratch alpine*
eclipse-mosquitto 9800000 1 2 1.* 2.* | openssl
zookeeper 110000000 3 3.* | temurin jre-*
elasticsearch 640000000 <5-9>.<0-19>.<0-30> 
kibana 700000000 <5-9>.<0-19>.<0-30>
logstash 450000000 <5-9>.<0-19>.<0-30>
solr 310000000 <5-9> <5-9>.* | slim
wordpress 250000000 4 5 6 4.* 5.* 6.* apache fpm cli beta | apache fpm php* fpm-alpine *
drupal 200000000 <7-11> <7-11>.* | apache fpm *
joomla 210000000 3 4 5 6 3.* 4.* 5.* 6.* | apache fpm *
ghost 190000000 <1-6> <1-6>.* | alpine
nextcloud 390000000 <12-33> <12-33>.* stable production apache fpm | apache fpm fpm-alpine alpine
phpmyadmin 170000000 4 5 4.* 5.* apache fpm | apache fpm fpm-alpine
adminer 42000000 4 5 4.* 5.* fastcgi standalone | fastcgi standalone
redmine 190000000 4 5 6 4.* 5.* 6.* | alpine passenger *
mediawiki 280000000 1.* lts stable | fpm *
odoo 600000000 <13-19> <13-19>.0 
sonarqube 520000000 lts community developer enterprise 7.* 8.* 9.* 10.* 2025* 2026* lts-* community-* | community developer enterprise *
tomcat 185000000 <7-11> <7-11>.<0-1> <7-11>.<0-1>.<0-120> | jdk* jre* slim *-slim
jetty 190000000 9 10 11 12 9.* 10.* 11.* 12.* | jdk* jre* alpine *
websphere-liberty 330000000 * 
groovy 300000000 * 
traefik 46000000 1 2 3 v1 v2 v3 1.* 2.* v1.* v2.* v3.* 3.* | alpine *
haproxy 44000000 lts 1 2 3 1.<4-9> 1.<4-9>.* 2.<0-9> 2.<0-9>.* 3.<0-3> 3.<0-3>.* | alpine bookworm trixie
caddy 16000000 2 2.<0-11> 2.<0-11>.<0-9> builder | alpine builder builder-alpine
varnish 115000000 stable fresh old <4-8> <4-8>.* | alpine
kong 105000000 1 2 3 1.* 2.* 3.* | alpine ubuntu *
consul 50000000 1.<0-15> 1.<0-15>.<0-12> 0.*
vault 73000000 1.<0-13> 1.<0-13>.<0-9> 0.*
registry 9900000 2 3 2.<0-8> 2.<0-8>.<0-4> 3.<0-1> 3.<0-1>.<0-3>
docker 140000000 dind cli git rootless <17-29> <17-29>.* | dind cli git dind-rootless windowsservercore
jenkins 280000000 1 2 1.* 2.* | alpine slim
rethinkdb 60000000 2 2.*
crate 270000000 * 
aerospike 120000000 * 
fluentd 20000000 v1.* | debian edge *
monica 200000000 * 
unit 60000000 1.* minimal python* node* php* | *
spiped 15000000 1 1.*
cirros 5200000 0.*
`

// organisations of which every repository is taken to exist.
const organisations = `
amazon apache apachepulsar aquasec argoproj atlassian authelia bitnami bitnamilegacy calico certbot cilium clickhouse
cloudflare confluentinc coredns curlimages datadog dbeaver dgraph distribution docker dockersamples dpage drone ealen
eclipse elastic envoyproxy falcosecurity flannel fluent fluxcd gitea gitlab goharbor google grafana graphiteapp
hashicorp haproxytech homeassistant istio jaegertracing jenkins jmalloc jupyter kennethreitz kindest kodekloud kong
kubernetesui langchain learnk8s linkerd linuxserver litmuschaos localstack longhornio loftsh mailhog mattermost mendhak
metabase microsoft minio mockserver mongodb n8nio natsio newrelic nginx nginxdemos nginxinc nicolaka ollama openebs
openpolicyagent opensearchproject openresty openzipkin otel paulbouwer percona pgvector pihole polinux portainer postgis
prom prometheuscommunity rancher redhat redis rook selenium sonatype splunk stakater stefanprodan strimzi swaggerapi
sysdig tailscale tensorflow thanosio traefik trinodb ubuntu vaultwarden velero verdaccio vish weaveworks wiremock
wurstmeister zabbix
`
